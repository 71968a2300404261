"""How much a run sends, as three words. Knows no row."""

from __future__ import annotations

from enum import StrEnum


class Tier(StrEnum):
    """How much a run sends.

    PROBE: only what must be refused; no task is started. LITE: what shows most with at most 8 tasks. FULL: all rows.
    """

    PROBE = "probe"
    LITE = "lite"
    FULL = "full"
