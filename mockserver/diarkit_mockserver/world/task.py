"""A task: the decisions at its acceptance, and its progress."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeVar

from diarkit_contracts.api.states import TaskState
from diarkit_fixtures.segments import Channels
from diarkit_mockserver.intake.refusals import Detail
from diarkit_mockserver.intake.submission import Parameters, Submission
from diarkit_mockserver.scenario.course import NEVER, Timetable
from diarkit_mockserver.scenario.faults import Fault, ResultFault
from diarkit_mockserver.scenario.model import Then


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a task.

    Attributes:
        state: the final one.
        message: of the task's error.
        detail: of the task's error; its location is INF, the literal texts of task errors are UNK.
        error: the task's error as JSON, in a platform's wording; empty for the default.
    """

    state: TaskState
    message: str = ""
    detail: tuple[Detail, ...] = ()
    error: str = ""


class Progress(NamedTuple):
    """The mutable part of a task. A tuple, as one is created for each poll.

    Attributes:
        polls: number of polls, without refused ones.
        refused_polls: number of polls answered with an HTTP error.
        moves: number of moves by hand.
        outcome: if it was moved by hand to another end than planned.
        lost: whether the server denies that it exists.
        finished_at: time of the end, in ticks; None until it is observed.
        final_body: the bytes of the final answer, once it was sent.
    """

    polls: int = 0
    refused_polls: int = 0
    moves: int = 0
    outcome: Outcome | None = None
    lost: bool = False
    finished_at: int | None = None
    final_body: bytes | None = None


UNTOUCHED = Progress()
"""The shared progress of tasks that were not polled."""


class Task(NamedTuple):
    """The immutable part of a task: what its answers depend on; the rest of the submission is in the journal.

    A tuple, as one is created for each upload.

    Attributes:
        task_id: a UUID in canonical form.
        digest: SHA-256 of the file's bytes.
        size: of the file, in bytes.
        length: of its audio, in centiseconds.
        loud: one per channel; False for silent.
        truth: embedded in the file, if any.
        occurrence: number among identical requests, from 1.
        upload: number among the uploads to its world, from 1.
        then: the answer of its rule.
        timetable: when it reaches each state.
        broken: how its result violates the contract; None if it does not.
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
    def make(cls, task_id: str, submission: Submission, *, then: Then, outcome: Outcome, timetable: Timetable) -> Task:
        """Make the task of a submission, sharing equal objects between tasks."""
        media = submission.media
        return cls(
            task_id,
            submission.filename,
            bytes.fromhex(submission.sha256),
            submission.size,
            media.length,
            _share(media.loud),
            media.truth,
            submission.parameters,
            submission.occurrence,
            submission.upload,
            then,
            outcome,
            timetable,
        )

    def spoil(self, fault: Fault) -> Task:
        """Return the task with a fault of its end or its result."""
        if fault.task == "stuck":
            return self._replace(timetable=self.timetable.never_end())
        return self if fault.result is None else self._replace(broken=fault.result)

    @property
    def sha256(self) -> str:
        """Digest of the file in hex."""
        return self.digest.hex()

    @property
    def manual(self) -> bool:
        """Whether it moves only by hand."""
        return self.timetable.counts == "moves"

    def end_of(self, progress: Progress) -> Outcome:
        """Return the outcome of a task, given its progress."""
        return progress.outcome or self.outcome

    def state_at(self, progress: Progress, now: int) -> TaskState:
        """Return the current state, at this time or at the latest poll."""
        return self.timetable.state_at(self._position(progress, now), self.end_of(progress).state)

    def is_gone(self, progress: Progress, now: int) -> bool:
        """Return whether a cancelled task has been removed."""
        gone_at = self.timetable.gone_at
        return gone_at != NEVER and self._position(progress, now) >= gone_at

    def _position(self, progress: Progress, now: int) -> int:
        counts = self.timetable.counts
        return now if counts == "ticks" else progress.polls if counts == "polls" else progress.moves


T = TypeVar("T")


@lru_cache(maxsize=1024)
def _share(value: T) -> T:
    return value
