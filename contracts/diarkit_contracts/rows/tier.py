"""How much a run sends, in a word. Knows no row."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

FUZZ: Final = "fuzz"
"""Not planned but drawn, until the time is up: for a server of one's own."""


class Tier(StrEnum):
    """How much a planned run sends.

    PROBE: only what must be refused; no task is started. LITE: what shows most with at most 10 tasks. FULL: all rows.
    """

    PROBE = "probe"
    LITE = "lite"
    FULL = "full"
