"""The state of one request during its processing."""

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
    """One request being processed.

    Attributes:
        request: its head.
        connection: number of the client's connection, from 1.
        asked_at: arrival of the head, in ticks of the world's clock.
        follows: number of answers its world had sent by then.
        received: bytes of the body so far.
        counted: whether the rate limit has counted it.
        brought: identifies an upload, as far as it could be read; empty for other requests.
        submission: of an upload, if it could be read.
        task_id: of the task that it is about.
        state: reported to the client.
        rule: that answers it.
        upload: its number among the uploads to its world, if counted by the head alone; otherwise 0.
        chosen: the rule, if found by the head alone.
        notes: the limits, faults or mistakes that shape the answer, for people.
        faults: names of those applied.
        limit: key of the limit that refuses it; empty for none.
        ignored_keys: unknown keys of its config.
        ignored_parts: names of unknown parts of its form.
        config_size: of its config, in characters.
        parts: of its form, if complete.
        disturbing: faults that apply to sending the answer.
        secrets: that the answer may repeat, in addition to those of the request.
        met: faults of the task that it starts; None until the schedule was checked.
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
