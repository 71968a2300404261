"""A client's exchanges arranged from its point of view, task by task."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, get_args

from diarkit_contracts.api.states import TERMINAL
from diarkit_mockserver.clock import tell_date, to_ticks
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.journal.journal import Entry
from diarkit_mockserver.scenario.faults import BodyDamage, TaskFault

DAMAGED: Final = frozenset(f"body:{how}" for how in get_args(BodyDamage))
"""Faults whose answers a client can't understand."""

COARSE_S: Final = 1.0
"""Tolerance for dates, which have whole seconds and depend on the client's clock."""

HOPELESS: Final = frozenset(f"task:{how}" for how in get_args(TaskFault))
"""Faults of uploads whose task never ends."""


@dataclass(frozen=True)
class Chain:
    """One task from the client's point of view.

    Attributes:
        task_id: as in the paths of the polls.
        upload: the accepted one; None if the journal has discarded it.
        polls: in the order of their answers.
    """

    task_id: str
    upload: Entry | None
    polls: tuple[Entry, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The upload and the polls."""
        return self.polls if self.upload is None else (self.upload, *self.polls)

    @cached_property
    def end(self) -> Entry | None:
        """The first answer with a final outcome."""
        return next((poll for poll in self.polls if tells_end(poll)), None)

    @property
    def is_hopeless(self) -> bool:
        """Whether a fault prevents the task from ending."""
        return self.upload is not None and not HOPELESS.isdisjoint(self.upload.faults)


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """All exchanges of a world.

    Attributes:
        now: ticks of the world's clock.
        pace: minimum ticks between two polls of a task.
        epoch: the date at time 0, in seconds since 1970 UTC; None if unknown.
    """

    entries: tuple[Entry, ...]
    now: int
    open_connections: Collection[int]
    pace: int
    epoch: int | None = None

    def read_retry_after(self, entry: Entry) -> int | None:
        """Return the requested wait in ticks; None without one, or for a date if the epoch is unknown."""
        value = next((value for name, value in entry.headers if name == b"retry-after"), b"").decode("latin-1")
        if not value or not is_heard(entry):
            return None
        if value.isascii() and value.isdecimal() and len(value) < 10:
            return to_ticks(int(value))
        if self.epoch is None:
            return None
        from diarkit_contracts.target.pace import read_retry_after  # noqa: PLC0415 - what it needs for dates is large

        wait = read_retry_after(value, tell_date(self.epoch, entry.answered_at))
        return None if wait is None else to_ticks(max(0.0, wait - COARSE_S))

    @cached_property
    def uploads(self) -> tuple[Entry, ...]:
        """The uploads, accepted or not."""
        return tuple(entry for entry in self.entries if is_upload(entry))

    @cached_property
    def chains(self) -> tuple[Chain, ...]:
        """The tasks that were accepted or polled."""
        uploads = {entry.task_id: entry for entry in self.uploads if entry.status == 202 and entry.task_id}
        polls: dict[str, list[Entry]] = {task_id: [] for task_id in uploads if task_id}
        for entry in self.entries:
            if (task_id := read_task_id(entry)) is not None:
                polls.setdefault(task_id, []).append(entry)
        return tuple(Chain(task_id, uploads.get(task_id), tuple(looks)) for task_id, looks in polls.items())

    @cached_property
    def by_connection(self) -> dict[int, list[Entry]]:
        """The exchanges of each known connection."""
        found: dict[int, list[Entry]] = {}
        for entry in self.entries:
            if entry.connection:
                found.setdefault(entry.connection, []).append(entry)
        return found

    def list_repeats(self) -> Iterator[tuple[Entry, Entry]]:
        """Yield repeated uploads: an accepted one, and the next with the same file and parameters."""
        latest: dict[object, Entry] = {}
        for entry in self.uploads:
            if entry.submission is None:
                continue
            key = entry.submission.identity
            if key in latest and comes_after(entry, latest[key]):
                yield latest[key], entry
            if entry.status == 202 and is_heard(entry):
                latest[key] = entry


def is_upload(entry: Entry) -> bool:
    """Return whether an exchange is an upload."""
    return entry.request.method == "POST" and entry.request.path.endswith(ENDPOINT)


def read_task_id(entry: Entry) -> str | None:
    """Return the task id of a poll, from its path if it was refused."""
    prefix, mark, task_id = entry.request.path.rpartition(ENDPOINT + "/")
    if entry.request.method != "GET" or not task_id or "/" in task_id or not mark or ENDPOINT in prefix:
        return None
    return entry.task_id or task_id.lower()


def is_heard(entry: Entry) -> bool:
    """Return whether the client got an understandable answer."""
    return entry.lost is None and DAMAGED.isdisjoint(entry.faults)


def tells_end(poll: Entry) -> bool:
    """Return whether a poll reports that the task has ended, or is unknown (DOC: wrong id, or expired)."""
    return is_heard(poll) and ((poll.status == 200 and poll.state in TERMINAL) or poll.status == 404)


def comes_after(entry: Entry, earlier: Entry) -> bool:
    """Return whether a request was sent after an earlier one was answered, by order and by time."""
    return entry.follows >= earlier.number and entry.asked_at >= earlier.answered_at
