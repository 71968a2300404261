from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_fixtures.segments import Segment
from diarkit_mockserver.scenario.model import Rule, Scenario, SpokenSegment, Then
from diarkit_mockserver.scenario.when import When

if TYPE_CHECKING:
    from collections.abc import Callable

TRUTH = ((Segment(0, 0, 100), Segment(1, 80, 180)), (Segment(0, 50, 150),))
TOLD = ((SpokenSegment(speaker_id=0, start_time=0.0, end_time=1.5),),)
ODD: dict[str, Any] = {"channels": [{"channel_number": 0, "speakers_count": 1, "segments": [{"start_time": 1}]}]}
SCENARIO = Scenario(
    course="immediate",
    rules=(
        Rule(when=When(filename="told*"), then=Then(segments=TOLD)),
        Rule(when=When(filename="wrong*"), then=Then(der=0.2)),
        Rule(when=When(filename="drawn*"), then=Then(speakers=2)),
        Rule(when=When(filename="odd*"), then=Then(result=ODD, breaks_contract=True)),
        Rule(when=When(filename="failed*"), then=Then(failed="x")),
        Rule(when=When(filename="later*"), then=Then(course="manual")),
    ),
)


@pytest.fixture
def draw(start: Callable[..., Any], submit: Callable[..., Any], ask: Callable[..., Any], make_wav: Any) -> Any:
    """Upload a file of two channels, and ask for the picture of its task."""
    server: Any = start(SCENARIO)

    def run(filename: str, query: str = "", *, known: bool = False) -> tuple[int, dict[str, Any]]:
        wav = make_wav(2.0, loud=(True, True), truth=TRUTH if known else None)
        task = json.loads(submit(server.url, wav, filename=filename, query=query).body)["task"]["task_id"]
        answer = ask(server.url, "GET", f"/__diarkit/v1/tasks/{task}/picture")
        return answer.status, json.loads(answer.body)

    return run


@pytest.mark.parametrize(
    ("filename", "known", "has_truth"),
    [
        ("call.wav", False, False),
        ("call.wav", True, True),
        ("told.wav", False, True),
        ("wrong.wav", False, True),
        ("drawn.wav", False, False),
        ("drawn.wav", True, False),
    ],
)
def test_the_truth_stands_above_the_answer_where_it_is_known(
    draw: Any, filename: str, known: bool, has_truth: bool
) -> None:
    status, picture = draw(filename, known=known)
    assert (status, picture["has_truth"]) == (200, has_truth)
    assert ("expected" in picture["svg"], "DER" in picture["svg"]) == (has_truth, has_truth)


def test_the_truth_has_the_overlap_that_no_answer_has(draw: Any) -> None:
    _, picture = draw("call.wav", known=True)
    assert "speaker 1: 0.80 to 1.80 s" in picture["svg"]
    assert re.search(r"miss (?!0\.0)\d", picture["svg"])


@pytest.mark.parametrize(
    ("query", "heads", "bar"),
    [
        ("channels=1", {"channel 1"}, "speaker 0: 0.50 to 1.50 s"),
        ("range_from=0.6", {"channel 0", "channel 1"}, "speaker 0: 0.60 to 1.50 s"),
        ("channel_mode=mix", {"channel 0"}, "speaker 2: 0.50 to 1.50 s"),
    ],
)
def test_the_truth_is_of_what_was_asked_for(draw: Any, query: str, heads: set[str], bar: str) -> None:
    _, picture = draw("call.wav", query, known=True)
    assert set(re.findall("channel [0-9]", picture["svg"])) == heads
    assert bar in picture["svg"]


@pytest.mark.parametrize(
    ("filename", "problem"),
    [("odd.wav", "result-not-drawable"), ("failed.wav", "task-not-done"), ("later.wav", "task-not-done")],
)
def test_what_can_not_be_drawn_has_a_reason(draw: Any, filename: str, problem: str) -> None:
    status, answer = draw(filename)
    assert status == 409
    assert answer["type"].endswith(problem)
