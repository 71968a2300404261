"""The two ids sent with a call, to find it in a server's log and to match its answer."""

from __future__ import annotations

import re
from typing import Final

from diarkit_contracts.exchanges.exchange import Headers
from diarkit_fixtures.draws import Draws

IDS: Final = ("x-request-id", "x-correlation-id")
"""DOC (all reference pages, 3.6.0): optional, each is generated if not provided."""

OURS: Final = "d1a12c17"
"""Prefix of our ids: diarkit, as far as hex digits can spell it."""

UNNAMED: Final = 4
"""The calls of each fourth row have none, to exercise that case too."""


def is_named(row_id: str) -> bool:
    """Return whether the calls of a row have ids; depends on its number, so that the row is the same if sent alone."""
    number = re.search("[0-9]+$", row_id)
    return number is None or int(number[0]) % UNNAMED != 0


def make_ids(seed: int, number: int) -> Headers:
    """Make the ids of a call, as lower-case random UUIDs: the required form is UNK, and this is the most common."""
    draws = Draws("call-ids-1", seed, number)
    return tuple((name, _make_id(draws)) for name in IDS)


def _make_id(draws: Draws) -> str:
    digits = f"{draws.u64():016x}{draws.u64():016x}"
    return f"{OURS}-{digits[:4]}-4{digits[4:7]}-a{digits[7:10]}-{digits[10:22]}"
