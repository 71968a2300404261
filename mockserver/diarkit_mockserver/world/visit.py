"""The state of one request during its processing."""

from __future__ import annotations

from dataclasses import dataclass

from diarkit_fixtures.draws import Draws
from diarkit_mockserver.journal.journal import Entry
from diarkit_mockserver.scenario.faults import Fault
from diarkit_mockserver.scenario.model import Rule


@dataclass(slots=True, kw_only=True, repr=False, eq=False)
class Visit(Entry):
    """One request being processed: the entry that its world records with the answer, and what only the processing needs.

    Attributes:
        counted: whether the rate limit has counted it.
        brought: identifies an upload, as far as it could be read; empty for other requests.
        upload: its number among the uploads to its world, if counted by the head alone; otherwise 0.
        chosen: the rule, if found by the head alone.
        notes: the limits, faults or mistakes that shape the answer, for people.
        disturbing: faults that apply to sending the answer.
        met: faults of the task that it starts; None until the schedule was checked.
    """

    counted: bool = False
    brought: str = ""
    upload: int = 0
    chosen: Rule | None = None
    notes: tuple[str, ...] = ()
    disturbing: tuple[tuple[Fault, Draws], ...] = ()
    met: list[Fault] | None = None
