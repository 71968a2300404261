"""Compare bodies as texts, with ids, dates and hosts masked."""

from __future__ import annotations

import re
from typing import Final

HEX: Final = "[0-9a-fA-F]"

MASKS: Final = (
    (re.compile(rf"{HEX}{{8}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{4}}-{HEX}{{12}}"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"), "<date>"),
    (re.compile(r"(?<=://)[^/\s\"'\\?#]+"), "<host>"),
)
"""Masks in order: parts of a UUID may look like a date."""

AROUND: Final = 30
"""Characters shown on each side of the first difference."""


def mask_text(body: bytes) -> str:
    """Return a body as text with ids, dates and hosts masked."""
    text = body.decode("utf-8", "backslashreplace")
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    return text


def show_parting(one: bytes, other: bytes) -> tuple[str, str] | None:
    """Return the first difference of two masked texts; None if they are equal."""
    first, second = mask_text(one), mask_text(other)
    if first == second:
        return None
    pairs = zip(first, second, strict=False)
    at = next((at for at, (mine, theirs) in enumerate(pairs) if mine != theirs), min(len(first), len(second)))
    begin = max(0, at - AROUND)
    lead = "..." if begin else ""
    return lead + first[begin : at + AROUND], lead + second[begin : at + AROUND]
