"""The base class of this package's errors. A failed check is an `AssertionError` instead."""

from __future__ import annotations


class FakeError(Exception):
    """Base class: a request that the fake, or the server in its place, can't fulfil."""
