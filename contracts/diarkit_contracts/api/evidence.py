"""The evidence for a statement about the API, the severity of violating it, and where the contract document makes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

START: Final = "paths//api/technology/speaker-diarization/post"
GET: Final = "paths//api/technology/speaker-diarization/{task_id}/get"
SCHEMAS: Final = "components/schemas"
IN_CHANNEL: Final = f"{SCHEMAS}/SpeakerDiarizationChannel"
IN_SEGMENT: Final = f"{SCHEMAS}/SpeakerDiarizationSegment/properties"
"""Paths of keys in the contract document, or their beginnings."""


class Label(StrEnum):
    """Documented in public, inferred from a document, observed on a live platform, or unknown. The unknown makes no clause."""

    DOC = "DOC"
    INF = "INF"
    SEEN = "SEEN"
    UNK = "UNK"


class Severity(StrEnum):
    """How severe a violation is.

    ERROR: the answer violates what is documented, or contradicts itself. WARNING: it differs only from what is inferred.
    """

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence for a statement, and the severity of violating it.

    Attributes:
        source: where it is documented, or what it is inferred from.
    """

    label: Label
    source: str
    severity: Severity

    def __str__(self) -> str:
        """Format a citation: `DOC: reference page of GET, 3.6.0`."""
        return f"{self.label}: {self.source}"


def documented(source: str, severity: Severity = Severity.ERROR) -> Evidence:
    """Cite a document; a violation is an error by default."""
    return Evidence(Label.DOC, source, severity)


def inferred(source: str, severity: Severity = Severity.WARNING) -> Evidence:
    """Cite an inference; a violation is a warning by default."""
    return Evidence(Label.INF, source, severity)
