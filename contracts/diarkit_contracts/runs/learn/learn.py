"""Learn the points and the tempo of a platform from a run: the plan, the observations, and the file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final

import yaml

from diarkit_contracts.api.dialect import Dialect, list_set
from diarkit_contracts.api.learned import SCHEMA_LINE, Learned, SeenPoint
from diarkit_contracts.api.points import POINTS, SERVED, USUAL, Point, Seen, Value
from diarkit_contracts.api.profiles import PROFILES, choose_profile
from diarkit_contracts.api.states import TERMINAL, TaskState
from diarkit_contracts.api.words import find_text
from diarkit_contracts.exchanges.history import History, Start
from diarkit_contracts.rows.call import Attached, Call, Row
from diarkit_contracts.rows.plan import Plan, list_rows, make_plan
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.runs.learn.seen import describe_seen, list_seen
from diarkit_contracts.runs.verdict import RunVerdict

MORE: Final = (
    "system-info", "system-status", "unknown-path", "get-start", "max=1.5", "total=list", "channels=left", "from=begin",
    "to=-0.5", "config-a-text", "channel-beyond", "channel-just-beyond", "range-upside-down", "range-beyond",
)  # fmt: skip
"""Rows in addition to those of a short run: each shows a point, or a second example of a template."""

LONG: Final = Row(
    id="learn-01",
    what="1ch-60.0s",
    call=Call(body=(Attached("wav:1ch:60.0s"),)),
    about="acceptance.upload",
    accepted=True,
)
"""A minute of audio, long enough to measure the processing speed."""

SOURCE_OF_VERSION: Final = "unknown"


def make_learn_plan() -> Plan:
    """Make the plan of a learning run."""
    more = {row.what: row for row in list_rows() if row.what in MORE}
    steps = [step for step in make_plan(Tier.LITE).steps if all(row.needs is None for row in step)]
    return Plan("learn", (*steps, *((more[what],) for what in MORE), (LONG,)))


def learn(verdict: RunVerdict, url: str, date: str) -> tuple[Learned, str]:
    """Learn all points from a run with redacted exchanges, and describe the measured tempo; the URL is not written."""
    history = verdict.history
    answers = list(list_seen(history, url))
    rows = {at: row.name for row in verdict.rows for at in row.at}
    version = next((each.values["version"] for each in answers if each.values["version"]), SOURCE_OF_VERSION)
    seen: list[SeenPoint] = []
    missing: list[str] = []
    for point in POINTS:
        found = _read_point(point, answers) if point.served else None
        if found is None:
            missing.append(point.key)
            continue
        value, answer = found
        exchange = describe_seen(answer, rows.get(answer.at, ""))
        seen.append(SeenPoint(point=point.key, value=value, exchange=exchange, version=version, date=date))
    course, sentence = measure_tempo(history)
    nearest = choose_profile(version)
    named = "" if nearest is None else nearest.name
    generation = SERVED[SERVED.index(named)] if named in SERVED else USUAL
    profile = PROFILES[generation]
    return (
        Learned(
            profile=generation,
            dialect=Dialect(**{each.point: each.value for each in seen if profile[each.point] != each.value}),
            seen=tuple(seen),
            not_learned=tuple(missing),
            course=course,
        ),
        sentence,
    )


def _read_point(point: Point, answers: Sequence[Seen]) -> tuple[Value, Seen] | None:
    """Read a point from all answers; None if none shows it, or if they disagree."""
    shown = [(value, answer) for answer in answers if (value := point.find_value(answer)) is not None]
    if not shown:
        return None
    if not point.has_holes:
        return shown[0] if len({value for value, _ in shown}) == 1 else None
    examples: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[str, Mapping[str, str]]] = {}
    for value, answer in shown:
        examples.setdefault((str(value), tuple(answer.values.items())), (str(value), answer.values))
    text = find_text(list(examples.values()))
    return None if text is None else (text, shown[0][1])


def write_learned(learned: Learned, sentence: str) -> str:
    """Write the observations as part of a scenario file."""
    plain: dict[str, Any] = {"version": learned.version, "profile": learned.profile}
    if learned.course is not None:
        plain["course"] = learned.course
    text = f"{SCHEMA_LINE}# Observed on a platform by `diarkit learn`. To serve it: diarkit serve --as FILE\n# {sentence}\n"
    text += _dump({**plain, "dialect": list_set(learned.dialect)}) + "seen:\n"
    text += "".join(f"- {_dump(asdict(one), flow=True)}" for one in learned.seen)
    return text + _dump({"not_learned": list(learned.not_learned)})


def _dump(plain: object, *, flow: bool = False) -> str:
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=sys.maxsize, default_flow_style=flow)


def list_drift(before: Learned, now: Learned) -> Iterator[str]:
    """List the points that changed since they were learned; points not observed both times are ignored."""
    today = {each.point: each for each in now.seen}
    for each in before.seen:
        other = today.get(each.point)
        if other is not None and other.value != each.value:
            yield (
                f"{each.point}: learned on {each.date} with {each.version}: {each.value}, now {other.value}"
                f" ({other.exchange}, version {other.version})"
            )


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
