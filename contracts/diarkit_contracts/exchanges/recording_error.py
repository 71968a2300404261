"""What is wrong with a recording, and where in the file. Knows no format."""

from __future__ import annotations

from diarkit_contracts.api.error import ContractsError


class RecordingError(ContractsError, ValueError):
    """A file is no recording that can be judged.

    Attributes:
        file: its name.
        line: from 1; 0 for the file as a whole.
        reason: what was expected and what came.
    """

    def __init__(self, file: str, line: int, reason: str) -> None:
        self.file = file
        self.line = line
        self.reason = reason
        super().__init__(f"{file}:{line}: {reason}" if line else f"{file}: {reason}")
