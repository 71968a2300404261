"""The base class of this package's errors."""

from __future__ import annotations


class ContractsError(Exception):
    """Base class; each subclass also derives from the matching built-in exception."""


class TerminatedError(KeyboardInterrupt):
    """SIGTERM was received; handled wherever Ctrl-C is."""
