"""The one base of what goes wrong in this package. A failed check is an `AssertionError` instead."""

from __future__ import annotations


class FakeError(Exception):
    """Something was asked that the fake, or the server in its place, does not do."""
