"""One accepted upload: what was decided at its acceptance, and how far it has come. Decides nothing; the world does."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from diarkit_contracts.api.states import TaskState
    from diarkit_fixtures.segments import Channels
    from diarkit_mockserver.intake.refusals import Detail
    from diarkit_mockserver.intake.submission import Parameters, Submission
    from diarkit_mockserver.scenario.course import Timetable
    from diarkit_mockserver.scenario.faults import ResultFault
    from diarkit_mockserver.scenario.model import Then


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a task ends.

    Attributes:
        state: the final one.
        message: of the task's error.
        detail: of the task's error; its location is INF, the literal texts of task errors are UNK.
    """

    state: TaskState
    message: str = ""
    detail: tuple[Detail, ...] = ()


class Progress(NamedTuple):
    """How far a task has come: all that changes of it. A tuple, as one is made for each poll.

    Attributes:
        polls: how often the client has looked, refused looks left out.
        refused_polls: how often a look was answered with an HTTP error.
        moves: how often it was moved by hand.
        outcome: how it ends, where a hand has moved it to another end than the one laid out for it.
        lost: the server denies that it exists.
        finished_at: when it was in its final state, in ticks; None before anybody knows.
        final_body: the bytes of the final answer, once somebody has seen it.
    """

    polls: int = 0
    refused_polls: int = 0
    moves: int = 0
    outcome: Outcome | None = None
    lost: bool = False
    finished_at: int | None = None
    final_body: bytes | None = None


UNTOUCHED = Progress()
"""Of a task that nobody has looked at: one for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as it was accepted: of its submission, what its answers follow from; the rest is in the journal.

    Attributes:
        task_id: a UUID in its canonical form.
        filename: as the client named it.
        digest: SHA-256 of the file's bytes.
        size: of the file, in bytes.
        length: of its audio, in centiseconds.
        loud: for each channel, whether anything is to be heard.
        truth: who speaks when, if the file says so itself.
        parameters: checked.
        occurrence: how often this same request had come.
        upload: number of it among the uploads to its world.
        then: what its rule says.
        outcome: how it ends.
        timetable: when.
        broken: how its result breaks the contract, if it is to.
    """

    task_id: str
    filename: str
    digest: bytes
    size: int
    length: int
    loud: tuple[bool, ...]
    truth: Channels | None
    parameters: Parameters
    occurrence: int
    upload: int
    then: Then
    outcome: Outcome
    timetable: Timetable
    broken: ResultFault | None = None

    @classmethod
    def make(  # noqa: PLR0913 - a task has that many parts
        cls,
        task_id: str,
        submission: Submission,
        *,
        then: Then,
        outcome: Outcome,
        timetable: Timetable,
        broken: ResultFault | None = None,
    ) -> Task:
        """Make the task of a submission; what many tasks have in common is one object for all of them."""
        return cls(
            task_id=task_id,
            filename=submission.filename,
            digest=bytes.fromhex(submission.sha256),
            size=submission.size,
            length=submission.media.length,
            loud=_share(submission.media.loud),
            truth=submission.media.truth,
            parameters=_share(submission.parameters),
            occurrence=submission.occurrence,
            upload=submission.upload,
            then=then,
            outcome=outcome,
            timetable=timetable,
            broken=broken,
        )

    @property
    def sha256(self) -> str:
        """Digest of the file in hex."""
        return self.digest.hex()

    @property
    def manual(self) -> bool:
        """It moves by hand only."""
        return self.timetable.counts == "moves"

    def end_of(self, progress: Progress) -> Outcome:
        """Return how a task that has come so far ends."""
        return progress.outcome or self.outcome

    def state_at(self, progress: Progress, now: int) -> TaskState:
        """Return the state that the next look at this moment sees, or the latest look saw."""
        return self.timetable.state_at(self._position(progress, now), self.end_of(progress).state)

    def is_gone(self, progress: Progress, now: int) -> bool:
        """Whether a cancelled task has been cleaned up."""
        return self._position(progress, now) >= self.timetable.gone_at

    def _position(self, progress: Progress, now: int) -> int:
        match self.timetable.counts:
            case "polls":
                return progress.polls
            case "moves":
                return progress.moves
            case "ticks":
                return now


T = TypeVar("T")


@lru_cache(maxsize=1024)
def _share(value: T) -> T:
    return value
