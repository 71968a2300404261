"""What the client of one world met, also in exchanges that its journal no longer holds. Knows no point by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from diarkit_contracts.coverage.points import find_met
from diarkit_contracts.coverage.tally import Tally
from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.exchanges.recording import read_recording, split_recording
from diarkit_contracts.runs.generation import find_generation
from diarkit_mockserver.journal.conduct import judge
from diarkit_mockserver.journal.export import OWN, make_exchange, read_entry

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from diarkit_mockserver.journal.journal import Entry, Journal

LATER: Final = ("conduct.gives-up", "conduct.never-reads-result")
"""Rules that only the end of a world can decide: what its client has not done yet, it may still do."""


class Coverage:
    """Of one world, over all of its resets; the keeper of its journals."""

    def __init__(self) -> None:
        self._kept = Tally()
        self._behaved = True

    def keep(self, journal: Journal) -> None:
        """Count what is there before some of it is lost."""
        entries = tuple(journal)
        self._kept = Tally(self._kept.met | _find_met(entries))
        self._behaved = self._behaved and _is_clean(entries, (), LATER)

    def tally(self, journal: Journal, open_connections: Collection[int]) -> Tally:
        """Tell what was met, as if the client had nothing more to do.

        Args:
            journal: of the world as it is now.
            open_connections: numbers of the clients' connections that are open now.
        """
        entries = tuple(journal)
        met = self._kept.met | _find_met(entries)
        behaved = self._behaved and _is_clean(entries, open_connections, ())
        return Tally(met, met if behaved else frozenset())


def find_coverage(journal: Journal) -> Coverage:
    """Find what counts a journal; one that nobody counts is known as far as it goes."""
    return journal.keeper if isinstance(journal.keeper, Coverage) else Coverage()


def read_tally(path: Path) -> Tally:
    """Tell what a recording shows; of one that is no journal of the fake, not whether the client behaved.

    Raises:
        RecordingError: for a file that is no recording.
        OSError: for one that can't be read.
    """
    exchanges = read_recording(path)
    values = split_recording(path.read_text("utf-8-sig"), path.name)
    entries = tuple(read_entry(value) for _, value in values if OWN in value)
    met = find_met(read_history(exchanges))
    # Nobody knows which connections were left open.
    is_clean = len(entries) == len(exchanges) and _is_clean(entries, (), ())
    return Tally(met, met if is_clean else frozenset(), frozenset({find_generation(exchanges)[0].name}))


def _find_met(entries: tuple[Entry, ...]) -> frozenset[str]:
    return find_met(read_history(make_exchange(entry, 0) for entry in entries))


def _is_clean(entries: tuple[Entry, ...], open_connections: Collection[int], ignore: Collection[str]) -> bool:
    """Whether no error is against a client; a warning only costs, and is none of it."""
    now = max((entry.answered_at for entry in entries), default=0)
    found = judge(entries, now=now, open_connections=open_connections, ignore=ignore)
    return not any(one.rule.evidence.severity == "error" for one in found)
