"""How a statement about the API is known, and how bad it is to break it. Knows no statement."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Label(StrEnum):
    """How it is known: read in a public document, inferred from one, or not. What is not known makes no clause."""

    DOC = "DOC"
    INF = "INF"
    UNK = "UNK"


class Severity(StrEnum):
    """How bad it is to break it.

    ERROR: the answer breaks what is documented, or contradicts itself. WARNING: it only differs from what is inferred.
    """

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a sentence is known, and how bad it is to break it.

    Attributes:
        source: where it is written, or what it is inferred from.
    """

    label: Label
    source: str
    severity: Severity

    def __str__(self) -> str:
        """Cite it: `DOC: reference page of GET, 3.6.0`."""
        return f"{self.label}: {self.source}"


def documented(source: str, severity: Severity = Severity.ERROR) -> Evidence:
    """Cite what is documented: to break it is an error unless said otherwise."""
    return Evidence(Label.DOC, source, severity)


def inferred(source: str, severity: Severity = Severity.WARNING) -> Evidence:
    """Cite what is inferred: to break it is a warning unless said otherwise."""
    return Evidence(Label.INF, source, severity)
