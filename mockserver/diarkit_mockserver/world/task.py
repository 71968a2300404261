"""One accepted upload on its way: what is stored of it. Decides nothing; the world does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diarkit_contracts.api.states import TaskState
    from diarkit_mockserver.intake.submission import Submission
    from diarkit_mockserver.scenario.course import Timetable
    from diarkit_mockserver.scenario.faults import Fault, ResultFault
    from diarkit_mockserver.scenario.model import Then
    from diarkit_mockserver.world.outcome import Outcome


@dataclass(slots=True)
class Task:
    """A task as the world keeps it.

    Attributes:
        task_id: a UUID in its canonical form.
        submission: what it was made of.
        then: what its rule says.
        outcome: how it ends.
        timetable: when.
        polls: how often the client has looked, refused looks left out.
        refused_polls: how often a look was answered with an HTTP error.
        final_body: the bytes of the final answer, once somebody has seen it.
        finished_at: when it was in its final state, in ticks; None before anybody knows.
        lost: the server denies that it exists.
        broken: how its result breaks the contract, if it is to.
        manual: it moves by hand only.
    """

    task_id: str
    submission: Submission
    then: Then
    outcome: Outcome
    timetable: Timetable
    polls: int = 0
    refused_polls: int = 0
    final_body: bytes | None = None
    finished_at: int | None = None
    lost: bool = False
    broken: ResultFault | None = None
    manual: bool = False

    def state_at(self, now: int) -> TaskState:
        """Return the state that the next look at this moment sees, or the latest look saw."""
        return self.timetable.state_at(self.polls, now, self.outcome.state)

    def suffer(self, fault: Fault) -> None:
        """Let a fault of tasks or results do what it does; any other does nothing here."""
        if fault.task == "lost":
            self.lost = True
        elif fault.task == "stuck":
            self.timetable.never_end()
        elif fault.result is not None:
            self.broken = fault.result
