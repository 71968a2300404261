"""What is learned of one request on its way through the server. Decides nothing; every station adds what it knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diarkit_contracts.api.states import TaskState
    from diarkit_contracts.exchanges.exchange import Part
    from diarkit_fixtures.draws import Draws
    from diarkit_mockserver.intake.request import Request
    from diarkit_mockserver.intake.submission import Submission
    from diarkit_mockserver.scenario.faults import Fault
    from diarkit_mockserver.scenario.model import Rule


@dataclass(slots=True)
class Visit:
    """One request on its way.

    Attributes:
        request: its head.
        connection: number of the client's connection, from 1.
        asked_at: when the head was there, in ticks of the world's clock.
        follows: how many answers its world had given by then.
        received: bytes of the body so far.
        counted: the rate limit has seen it.
        brought: what tells an upload from others, as far as it could be read; empty for all other requests.
        submission: what an upload brought, if it could be read.
        task_id: of the task that it is about.
        state: that the client is told.
        rule: that answers it.
        upload: its number among the uploads to its world, where the head was enough to count it; else 0.
        chosen: that rule, where the head of the request was enough to find it.
        notes: what limit, fault or mistake shapes the answer, in words.
        faults: that it meets, by their names.
        limit: that refuses it, by its key; empty for none.
        ignored_keys: of its config, that the platform does not know.
        ignored_parts: names of parts of its form, likewise.
        config_size: of its config, in characters.
        parts: of its form, if it came whole.
        disturbing: the faults that the answer meets on its way out.
        secrets: that the answer may repeat, beside those of the request.
        met: those of the task that it starts; None as long as the schedule was not asked.
    """

    request: Request
    connection: int = 0
    asked_at: int = 0
    follows: int = 0
    received: int = 0
    counted: bool = False
    brought: str = ""
    submission: Submission | None = None
    task_id: str | None = None
    state: TaskState | None = None
    rule: str = ""
    upload: int = 0
    chosen: Rule | None = None
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    limit: str = ""
    ignored_keys: tuple[str, ...] = ()
    ignored_parts: tuple[str, ...] = ()
    config_size: int = 0
    parts: tuple[Part, ...] | None = None
    disturbing: tuple[tuple[Fault, Draws], ...] = ()
    secrets: tuple[str, ...] = ()
    met: list[Fault] | None = None
