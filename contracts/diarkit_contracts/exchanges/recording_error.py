"""Errors in recordings, with their position in the file."""

from __future__ import annotations

from diarkit_contracts.api.error import ContractsError


class RecordingError(ContractsError, ValueError):
    """A file is not a valid recording.

    Attributes:
        line: from 1; 0 for the whole file.
    """

    def __init__(self, file: str, line: int, reason: str) -> None:
        self.file = file
        self.line = line
        self.reason = reason
        super().__init__(f"{file}:{line}: {reason}" if line else f"{file}: {reason}")
