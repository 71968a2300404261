"""The coverage of one world's client, including exchanges that its journal has discarded."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final

from diarkit_contracts.coverage.points import Tally, find_met
from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.exchanges.recording import read_recording, split_recording
from diarkit_contracts.runs.generation import find_generation
from diarkit_mockserver.journal.conduct import judge
from diarkit_mockserver.journal.export import OWN, make_exchange, read_entry
from diarkit_mockserver.journal.journal import Entry, Journal

LATER: Final = ("conduct.gives-up", "conduct.never-reads-result")
"""Rules that can be judged only at the end of a world, as the client may still act."""


class Coverage:
    """The coverage of one world across resets; the keeper of its journals."""

    def __init__(self) -> None:
        self._counted = Tally()
        self._behaved = True

    def keep(self, journal: Journal) -> None:
        """Count the exchanges of a journal before some are discarded."""
        entries = tuple(journal)
        self._counted = Tally(self._counted.met | _find_met(entries))
        self._behaved = self._behaved and _is_clean(entries, (), LATER)

    def tally(self, journal: Journal, open_connections: Collection[int]) -> Tally:
        """Return the coverage, assuming that the client has finished."""
        entries = tuple(journal)
        met = self._counted.met | _find_met(entries)
        behaved = self._behaved and _is_clean(entries, open_connections, ())
        return Tally(met, met if behaved else frozenset())


def read_tally(path: Path) -> Tally:
    """Return the coverage of a recording; conduct is judged only for journals of the fake."""
    exchanges = read_recording(path)
    values = split_recording(path.read_text("utf-8-sig"), path.name)
    entries = tuple(read_entry(value) for _, value in values if OWN in value)
    met = find_met(read_history(exchanges))
    # It is unknown which connections were left open.
    is_clean = len(entries) == len(exchanges) and _is_clean(entries, (), ())
    return Tally(met, met if is_clean else frozenset(), frozenset({find_generation(exchanges)[0].name}))


def _find_met(entries: tuple[Entry, ...]) -> frozenset[str]:
    return find_met(read_history(make_exchange(entry, 0) for entry in entries))


def _is_clean(entries: tuple[Entry, ...], open_connections: Collection[int], ignore: Collection[str]) -> bool:
    """Return whether a client has no conduct error; warnings do not count."""
    now = max((entry.answered_at for entry in entries), default=0)
    found = judge(entries, now=now, open_connections=open_connections, ignore=ignore)
    return not any(one.rule.evidence.severity == "error" for one in found)
