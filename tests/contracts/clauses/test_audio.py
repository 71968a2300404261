from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from diarkit_contracts.clauses import audio
from diarkit_contracts.clauses.catalogue import list_clauses
from diarkit_fixtures.segments import Segment

CLAUSES = list_clauses(audio)

TRUTH = ((Segment(0, 100, 300), Segment(1, 300, 500)), (Segment(0, 50, 250),))
RIGHT = {0: [(0, 1.0, 3.0), (1, 3.0, 5.0)], 1: [(0, 0.5, 2.5)]}
KNOWN: dict[str, Any] = {"channels": 2, "truth": TRUTH}
MIX = {"channel_mode": "mix"}

BROKEN: list[tuple[str, dict[str, Any], dict[int, Any]]] = [
    ("audio.silence-is-empty", {"channels": 2, "loud": (True, False)}, {0: RIGHT[0], 1: RIGHT[1]}),
    ("audio.short-is-empty", {"seconds": 0.79}, {0: [(0, 0.1, 0.7)]}),
    ("audio.speakers", KNOWN, {0: [(0, 1.0, 3.0), (1, 3.0, 4.0), (2, 4.0, 5.0)], 1: RIGHT[1]}),
    ("audio.speakers", {**KNOWN, "query": {"channel_mode": "split"}}, {0: RIGHT[0], 1: [(0, 0.5, 2.0), (1, 2.0, 2.5)]}),
    ("audio.error-rate", KNOWN, {0: RIGHT[0], 1: [(0, 5.0, 7.0)]}),
    ("audio.error-rate", KNOWN, {0: [(0, 1.0, 1.1), (1, 4.9, 5.0)], 1: RIGHT[1]}),
    ("audio.mix-speakers", {**KNOWN, "query": MIX}, {0: [(0, 0.5, 3.0), (1, 3.0, 5.0)]}),
    ("audio.mix-speakers", {**KNOWN, "query": MIX}, {0: [(0, 0.5, 1.0), (1, 1.0, 2.0), (2, 2.0, 3.0), (3, 3.0, 5.0)]}),
    ("audio.mix-speakers", {**KNOWN, "query": {**MIX, "channels": "1,0"}}, {0: [(0, 0.5, 5.0)]}),
    ("audio.mix-speakers", {**KNOWN, "query": {**MIX, "channels": "1"}}, {0: [(0, 0.5, 1.0), (1, 1.0, 2.5)]}),
    ("audio.mix-speakers", {**KNOWN, "query": {**MIX, "range_from": 2.5, "range_to": 4}}, {0: [(0, 2.5, 4.0)]}),
    ("audio.mix-speakers", {"truth": ((),), "query": MIX}, {0: [(0, 2.5, 4.0)]}),
    ("audio.range-error-rate", {**KNOWN, "query": {"range_from": 3}}, {0: [], 1: []}),
    ("audio.range-error-rate", {**KNOWN, "query": {"range_to": 4}}, {0: RIGHT[0][:1], 1: [(0, 3.0, 4.0)]}),
]
CORRECT: list[tuple[dict[str, Any], dict[int, Any]]] = [
    (KNOWN, RIGHT),
    (KNOWN, {0: [(0, 1.2, 3.3), (1, 3.4, 5.0)], 1: [(0, 0.7, 2.6)]}),
    ({**KNOWN, "query": {"channels": "1"}}, {1: RIGHT[1]}),
    ({**KNOWN, "query": MIX}, {0: [(0, 0.5, 1.0), (1, 1.0, 3.0), (2, 3.0, 5.0)]}),
    ({**KNOWN, "query": {**MIX, "channels": "1"}}, {0: [(0, 0.5, 1.0)]}),
    ({**KNOWN, "query": {**MIX, "channels": "1,1"}}, {0: [(0, 0.5, 1.0), (1, 1.0, 2.5)]}),
    ({**KNOWN, "query": {**MIX, "channels": "7"}}, {0: [(0, 0.5, 1.0)]}),
    ({**KNOWN, "query": {**MIX, "range_from": 2}}, {0: [(0, 2.0, 3.0), (1, 3.0, 5.0)]}),
    ({**KNOWN, "query": {**MIX, "range_from": 2}}, {0: [(0, 2.0, 2.2), (1, 2.2, 3.0), (2, 3.0, 5.0)]}),
    ({**KNOWN, "query": {**MIX, "range_from": 2, "range_to": 2.7}}, {0: []}),
    ({**KNOWN, "query": {**MIX, "range_from": 5, "range_to": 2}}, {0: []}),
    ({**KNOWN, "query": MIX, "config": {"max_speakers": 2}}, {0: [(0, 0.5, 3.0), (1, 3.0, 5.0)]}),
    ({"channels": 2, "query": MIX}, {0: []}),
    ({**KNOWN, "query": {"range_from": 3}}, {0: [(0, 3.0, 5.0)], 1: []}),
    ({**KNOWN, "query": {"range_from": 2, "range_to": 4}}, {0: [(0, 2.0, 3.0), (1, 3.0, 4.0)], 1: [(0, 2.0, 2.5)]}),
    ({**KNOWN, "query": {"range_from": 2, "range_to": 4}}, {0: [(0, 0.0, 1.0), (1, 1.0, 2.0)], 1: [(0, 0.0, 0.5)]}),
    ({**KNOWN, "query": {"range_from": 2, "range_to": 2.5}}, {0: [], 1: []}),
    ({**KNOWN, "query": {"range_from": 2}, "config": {"max_speakers": 1}}, {0: [], 1: []}),
    ({**KNOWN, "config": {"total_speakers": 1}}, {0: [(0, 1.0, 5.0)], 1: RIGHT[1]}),
    ({"channels": 2, "loud": (False, True)}, {0: [], 1: RIGHT[1]}),
    ({"seconds": 0.79}, {0: []}),
    ({"seconds": 0.8}, {0: [(0, 0.1, 0.7)]}),
    ({"truth": ((),)}, {0: []}),
]


def tell(script: Any, sent: dict[str, Any], told: dict[int, Any]) -> None:
    script.get(script.post(**sent), channels=[script.channel(number, *segments) for number, segments in told.items()])


@pytest.mark.parametrize(("clause", "sent", "told"), BROKEN)
def test_an_answer_that_does_not_fit_the_sound_is_a_warning_of_its_clause_alone(
    script: Any, clause: str, sent: dict[str, Any], told: dict[int, Any]
) -> None:
    tell(script, sent, told)
    assert script.findings() == {clause: "warning"}


@pytest.mark.parametrize(("sent", "told"), CORRECT)
def test_an_answer_that_fits_the_sound_passes(script: Any, sent: dict[str, Any], told: dict[int, Any]) -> None:
    tell(script, sent, told)
    assert script.findings() == {}


def test_short_audio_that_is_rejected_is_not_judged(script: Any) -> None:
    script.get(script.post(seconds=0.5), "rejected")
    assert "audio.short-is-empty" not in script.observed()


def test_every_clause_has_a_server_that_breaks_it() -> None:
    assert {clause for clause, _, _ in BROKEN} == {clause.id for clause in CLAUSES}


@pytest.mark.parametrize("time", ["NaN", "Infinity", "-Infinity", "1e308", "1e999"])
def test_a_time_that_is_none_is_for_other_clauses(script: Any, time: str) -> None:
    task = script.post(truth=((Segment(0, 100, 200),),))
    script.get(task, "done", (0, 1.0, 7.25))
    last = script.exchanges.pop()
    body = last.answer.body.replace(b"7.25", time.encode())
    script.exchanges.append(replace(last, answer=replace(last.answer, body=body)))
    assert {"shape.json", "parameters.inside-audio"} & set(script.findings())
