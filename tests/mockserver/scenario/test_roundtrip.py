"""Any scenario, written in any way, is read back equal: as YAML and JSON of other libraries, and as our own short form."""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from diarkit_contracts.api.dialect import Dialect
from diarkit_contracts.api.states import TaskState
from diarkit_mockserver.intake.submission import Media
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.course import ByPolls, ByRealTime, BySeconds, PollCounts, StateSeconds
from diarkit_mockserver.scenario.dump import dump_scenario
from diarkit_mockserver.scenario.faults import Drip, Fault, Latency, LogNormal, Outage
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.load import parse_scenario
from diarkit_mockserver.scenario.model import Rule, Scenario, SeededTask, SpokenSegment, Then
from diarkit_mockserver.scenario.when import ConfigPattern, When
from diarkit_mockserver.strategies import scenarios

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


class Dumper(yaml.SafeDumper):
    """Quotes texts that YAML 1.2 takes for numbers, and the YAML 1.1 of the library does not, as any writer of 1.2 would."""


Dumper.add_implicit_resolver(
    "number of 1.2",
    re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+"),
    list("-+.0123456789"),
)

Dumper.add_representer(TaskState, lambda dumper, state: dumper.represent_str(state.value))

TRICKY = ["on", "null", "~", "1", "1e3", "0o7", "0x1f", ".inf", "1:30", "2026-01-31", "- a", "a: b", "a #b", "{", "[a]"]
MARKS = ["", "'", '"', "\\", "\u2028", "\ufeff"]
PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Zl", "Zp"]), max_size=12) | st.sampled_from(TRICKY)
"""What other writers leave as it stands, and means the same in JSON and YAML: no ends of lines that only YAML knows."""
WILD = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(TRICKY + MARKS)

COUNTS = st.integers(0, 10**12)
FEW = st.integers(1, 99)
SECONDS = st.floats(0, 10**9)
PAUSES = st.floats(0, 10**6)
STATUSES = st.integers(400, 599)
HEADERS = st.sampled_from(["Location", "retry-after", "X-Trace", "x-", "1", "~"])
COURSES = st.one_of(
    st.sampled_from(["immediate", "manual"]),
    st.builds(ByPolls, polls=st.builds(PollCounts, pending=COUNTS, running=COUNTS)),
    st.builds(BySeconds, seconds=st.builds(StateSeconds, pending=SECONDS, running=SECONDS)),
    st.builds(ByRealTime, realtime_factor=st.floats(0.001, 10**6), workers=FEW),
)
SPOKEN = st.builds(
    lambda speaker, start, length: SpokenSegment(
        speaker_id=speaker, start_time=start / 100, end_time=(start + length) / 100
    ),
    COUNTS,
    COUNTS,
    st.integers(1, 10**6),
)
WHENS = st.builds(
    When,
    filename=st.none() | PLAIN,
    sha256=st.none() | st.text("0123456789abcdefABCDEF", min_size=8, max_size=64),
    config=st.none() | st.builds(ConfigPattern, max_speakers=st.none() | COUNTS, total_speakers=st.none() | COUNTS),
    channel_mode=st.sampled_from([None, "split", "mix"]),
    channels=st.none() | st.from_regex(r"[0-9](,[0-9])*", fullmatch=True),
    range_from=st.none() | SECONDS,
    range_to=st.none() | SECONDS,
    query=st.none() | st.dictionaries(PLAIN, st.none() | PLAIN, max_size=2),
    headers=st.none() | st.dictionaries(HEADERS, st.none() | PLAIN, max_size=2),
    upload=st.none() | FEW,
    occurrence=st.none() | FEW,
    exact=st.none() | st.booleans(),
)


def all_http(texts: SearchStrategy[str], **more: SearchStrategy[Any]) -> SearchStrategy[HttpAnswer]:
    ascii_texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=8)
    common: dict[str, Any] = {
        "retry_after": st.none() | st.integers(0, 10**9),
        "retry_after_as": st.sampled_from(["seconds", "date"]),
        "headers": st.none() | st.dictionaries(HEADERS, st.none() | ascii_texts, max_size=2),
        **more,
    }
    foreign = {"body": st.none() | texts, "content_type": st.sampled_from(["text/plain; charset=utf-8", "text/html"])}
    return st.one_of(
        st.builds(HttpAnswer, status=STATUSES, message=st.none() | texts, **foreign, **common),
        st.builds(HttpAnswer, status=st.sampled_from([201, 203, 307, 399]), **foreign, **common),
        st.builds(HttpAnswer, status=st.sampled_from([200, 202]), **{**foreign, "body": texts}, **common),
        st.builds(HttpAnswer, status=st.sampled_from([204, 205, 304]), **common),
    )


def all_thens(texts: SearchStrategy[str]) -> SearchStrategy[Then]:
    anything = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=6,
    )
    http = all_http(texts, on=st.just("poll"), times=FEW)
    common: dict[str, Any] = {"http": st.none() | http, "course": st.none() | COURSES}
    results = st.dictionaries(texts, anything, max_size=3)
    spoken = st.lists(st.lists(SPOKEN, max_size=2).map(tuple), max_size=2).map(tuple)
    return st.one_of(
        st.builds(Then, result=results, breaks_contract=st.just(value=True), **common),
        st.builds(Then, segments=spoken, **common),
        st.builds(Then, speakers=COUNTS, **common),
        st.builds(Then, failed=texts, **common),
        st.builds(Then, rejected=texts, **common),
        st.builds(Then, http=STATUSES | http, course=st.none() | COURSES),
    )


def make_fault(**fields: Any) -> Fault:
    """Requests for version and status bring no upload that `when` could ask about; `every` and `ordinal` exclude each other."""
    dropped = {*(("when",) if fields["on"] == "system" else ()), *(("ordinal",) if fields["every"] else ())}
    return Fault(**{name: value for name, value in fields.items() if name not in dropped})


def all_faults(texts: SearchStrategy[str]) -> SearchStrategy[Fault]:
    any_part, of_uploads = st.sampled_from(["submit", "poll", "any", "system"]), st.sampled_from(["submit", "any"])
    uniform = st.tuples(st.floats(0, 1), st.floats(1, 2))
    latency = (
        st.builds(Latency, fixed=PAUSES)
        | st.builds(Latency, log_normal=st.builds(LogNormal, median=PAUSES))
        | st.builds(Latency, uniform=uniform)
    )
    effects: dict[str, tuple[SearchStrategy[Any], SearchStrategy[Any]]] = {
        "http": (STATUSES | all_http(texts), any_part),
        "latency": (latency, any_part),
        "connection": (st.sampled_from(["reset_before_headers", "close_in_body"]), any_part),
        "body": (st.sampled_from(["empty", "html"]), any_part),
        "drip": (st.builds(Drip, bytes=FEW, every=PAUSES), any_part),
        "outage": (st.builds(Outage, seconds=PAUSES), any_part),
        "task": (st.sampled_from(["lost", "stuck"]), of_uploads),
        "result": (st.sampled_from(["overlap", "unsorted", "beyond_audio"]), of_uploads),
    }
    ordinals = st.none() | FEW | st.lists(FEW, min_size=1, max_size=3).map(tuple)
    chosen = {
        "when": WHENS,
        "ordinal": ordinals,
        "every": st.none() | FEW,
        "share": st.none() | st.floats(0, 1),
        "times": st.none() | FEW,
    }
    return st.one_of(
        *(st.builds(make_fault, on=on, **chosen, **{name: effect}) for name, (effect, on) in effects.items())
    )


def all_tasks(texts: SearchStrategy[str]) -> SearchStrategy[SeededTask]:
    ids, under_way = st.uuids().map(str), st.sampled_from([None, TaskState.PENDING, TaskState.RUNNING])
    return st.one_of(
        st.builds(SeededTask, id=ids, state=under_way | st.just(TaskState.DONE), speakers=st.none() | COUNTS),
        st.builds(SeededTask, id=ids, state=under_way, result=st.just({"channels": []})),
        st.builds(SeededTask, id=ids, state=under_way | st.just(TaskState.FAILED), failed=texts),
    )


def all_scenarios(texts: SearchStrategy[str]) -> SearchStrategy[Scenario]:
    """All that can be written, sense or not; the strategy of the package makes what a platform may do."""
    rules = st.builds(Rule, when=WHENS, then=all_thens(texts), times=st.none() | FEW)
    return st.builds(
        Scenario,
        seed=st.integers(),
        course=COURSES,
        rules=st.lists(rules, max_size=3).map(tuple),
        tasks=st.lists(all_tasks(texts), max_size=2, unique_by=lambda task: task.id).map(tuple),
        faults=st.lists(all_faults(texts), max_size=3).map(tuple),
        limits=st.builds(
            Limits,
            upload_bytes=st.none() | COUNTS,
            audio_seconds=st.none() | PAUSES,
            rate=st.none() | st.builds(Rate, requests=COUNTS, seconds=st.floats(0.001, 1e6)),
            abandoned_seconds=st.none() | PAUSES,
            licensed=st.booleans(),
            before_body=st.sampled_from([(), ("rate",), ("licensed", "storage_bytes")]),
        ),
        media=st.builds(
            Media,
            duration=st.floats(0, 86_400),
            channels=st.integers(1, 64),
            undecodable=st.sampled_from(["reject", "assume"]),
        ),
        dialect=st.builds(
            Dialect,
            x_location=st.sampled_from(["absolute", "relative"]),
            unpopulated=st.sampled_from(["null", "absent"]),
            times=st.sampled_from(["file", "range"]),
        ),
    )


def read(text: str) -> Scenario:
    return parse_scenario(text, source="written.yaml", directory=Path("nowhere"))


def as_written(value: Any) -> Any:
    """What a person writes for a dataclass: what is unset is left out, unless it is set by default."""
    if is_dataclass(value):
        pairs = ((one, getattr(value, one.name)) for one in fields(value))
        return {one.name: as_written(held) for one, held in pairs if held is not None or one.default is not None}
    return [as_written(one) for one in value] if isinstance(value, tuple) else value


@given(all_scenarios(PLAIN))
def test_any_scenario_written_as_yaml_is_read_as_it_was(scenario: Scenario) -> None:
    written = yaml.dump(as_written(scenario), Dumper=Dumper, allow_unicode=True)
    assert read(written) == scenario


@given(all_scenarios(PLAIN))
def test_any_scenario_written_as_json_is_read_as_it_was(scenario: Scenario) -> None:
    written = json.dumps(as_written(scenario), ensure_ascii=False)
    # Infinity is no JSON; in a text it stays as it is.
    assert read(re.sub(r'("(?:[^"\\]|\\.)*")|Infinity', lambda found: found[1] or ".inf", written)) == scenario


@given(all_scenarios(WILD))
def test_any_scenario_written_as_short_as_can_be_is_read_as_it_was(scenario: Scenario) -> None:
    assert read(dump_scenario(scenario)) == scenario


@given(scenarios() | scenarios(timed=True))
def test_what_is_explored_can_be_replayed_from_a_file(scenario: Scenario) -> None:
    assert read(dump_scenario(scenario)) == scenario


@given(all_scenarios(WILD))
def test_the_short_form_has_one_line_for_each_key_that_is_not_the_defaults_and_one_for_each_rule_task_and_fault(
    scenario: Scenario,
) -> None:
    lines = dump_scenario(scenario).split("\n")
    changed = [
        name
        for name in ("seed", "course", "limits", "media", "dialect")
        if getattr(scenario, name) != getattr(Scenario(), name)
    ]
    lists = [held for held in (scenario.rules, scenario.tasks, scenario.faults) if held]
    assert lines[-1] == ""
    assert len(lines) - 1 == max(1, len(changed) + len(lists) + sum(map(len, lists)))
