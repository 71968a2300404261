"""Measure how fast a platform works, from the times of its tasks' states."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from diarkit_contracts.api.states import TERMINAL, TaskState

if TYPE_CHECKING:
    from diarkit_contracts.exchanges.history import History, Start


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One task on the clock of the run, in seconds.

    Attributes:
        audio: length of its recording.
        begins: time of the first state running or done.
        ends: time of the end.
        doubt: uncertainty of both: half the time between two polls.
    """

    audio: float
    accepted: float
    begins: float
    ends: float
    doubt: float

    @property
    def lasts(self) -> float:
        """Seconds of running."""
        return self.ends - self.begins


def measure_tempo(history: History) -> tuple[dict[str, Any] | None, str]:
    """Measure overhead, real-time factor and workers, as far as the states show them: a course if any, and a sentence."""
    timed = [each for each in (_time(history, start) for start in history.starts) if each is not None]
    if not timed:
        return None, "no task was followed to its end, so its tempo is unknown"
    short = min(timed, key=lambda each: each.audio)
    long = max(timed, key=lambda each: each.audio)
    longer, more = long.audio - short.audio, long.lasts - short.lasts
    if longer < 1 or more <= 2 * (long.doubt + short.doubt):
        middle = sorted(timed, key=lambda each: each.ends - each.accepted)[len(timed) // 2]
        pending, running = (max(round(each, 3), 0.0) for each in (middle.begins - middle.accepted, middle.lasts))
        text = (
            f"overhead, real-time factor and workers are unknown: {long.audio:g} s of audio took no longer than {short.audio:g} s"
            " within the precision of polling"
        )
        return {"seconds": {"pending": pending, "running": running}}, text
    factor = longer / more
    overhead = max(short.lasts - short.audio / factor, 0.0)
    workers, note = _count_workers(timed)
    course = {"realtime_factor": float(f"{factor:.3g}"), "workers": workers, "overhead": round(overhead, 3)}
    return course, f"about {factor:.3g} times real time after an overhead of {overhead:.2g} s; {note}"


def _time(history: History, start: Start) -> Timed | None:
    looks = history.by_task.get(start.task_id or "", ())
    end = history.find_end(start)
    if end is None or start.sound is None or end.state is not TaskState.DONE:
        return None
    accepted = start.exchange.answer.received_at
    moments = [(accepted, TaskState.PENDING), *((look.exchange.request.sent_at, look.state) for look in looks)]
    begins = ends = None
    doubt = 0.0
    for (before, _), (after, state) in pairwise(moments):
        if begins is None and state is not TaskState.PENDING:
            begins, doubt = (before + after) / 2, max(doubt, (after - before) / 2)
        if ends is None and state in TERMINAL:
            ends, doubt = (before + after) / 2, max(doubt, (after - before) / 2)
    if begins is None or ends is None:
        return None
    return Timed(audio=start.sound.seconds, accepted=accepted, begins=begins, ends=ends, doubt=doubt)


def _count_workers(timed: list[Timed]) -> tuple[int, str]:
    """Count the tasks that ran at the same time; the limit shows only if another one had to wait."""
    most = max(sum(other.begins <= each.begins < other.ends for other in timed) for each in timed)
    waited = any(
        other.begins < each.begins - each.doubt < other.ends
        and each.begins - each.accepted > 2 * each.doubt
        and abs(each.begins - other.ends) <= each.doubt + other.doubt
        for each in timed
        for other in timed
        if other is not each
    )
    if waited:
        return most, f"{most} at the same time, and others waited"
    return max(most, 1), f"{most} at the same time; possibly more, as no task had to wait"
