"""The base of all that this package raises on purpose, so that who uses it can catch that and nothing else."""

from __future__ import annotations


class ContractsError(Exception):
    """Something of this package can't be done, or was found wrong; each leaf is also what Python calls such a mistake."""


class TerminatedError(KeyboardInterrupt):
    """The process was asked to end, by SIGTERM; what lets a Ctrl-C through lets this through, too."""
