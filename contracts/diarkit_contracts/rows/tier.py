"""The tiers: how much a run sends."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

FUZZ: Final = "fuzz"
"""Generated requests until the time is up, for an own server."""


class Tier(StrEnum):
    """How much a planned run sends.

    PROBE: only mistakes, starting no task. LITE: the most revealing rows with at most 10 tasks. FULL: all rows.
    """

    PROBE = "probe"
    LITE = "lite"
    FULL = "full"
