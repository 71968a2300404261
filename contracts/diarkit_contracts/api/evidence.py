"""How a statement about the API is known, and how bad it is to break it. Knows no statement."""

from __future__ import annotations

from enum import StrEnum


class Label(StrEnum):
    """How it is known: read in a public document, or inferred from one. What is not known makes no clause."""

    DOC = "DOC"
    INF = "INF"


class Severity(StrEnum):
    """How bad it is to break it.

    ERROR: the answer breaks what is documented, or contradicts itself. WARNING: it only differs from what is inferred.
    """

    ERROR = "error"
    WARNING = "warning"
