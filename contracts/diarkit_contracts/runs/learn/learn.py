"""Learn the points of a platform from a run: the plan, the observations, and the file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import yaml

from diarkit_contracts.api.dialect import Dialect, list_set
from diarkit_contracts.api.learned import SCHEMA_LINE, Learned, SeenPoint
from diarkit_contracts.api.points import POINTS, SERVED, USUAL, Point, Seen, Value
from diarkit_contracts.api.profiles import PROFILES, choose_profile
from diarkit_contracts.api.words import find_text
from diarkit_contracts.rows.call import Attached, Call, Row
from diarkit_contracts.rows.plan import Plan, list_rows, make_plan
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.runs.learn.seen import describe_seen, list_seen
from diarkit_contracts.runs.learn.tempo import measure_tempo

if TYPE_CHECKING:
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
