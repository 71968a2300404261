from __future__ import annotations

import json

import pytest

from diarkit_contracts.exchanges.exchange import Answer, Exchange, Part, Request, Sound
from diarkit_contracts.exchanges.history import History, read_history
from diarkit_contracts.runs.learn.tempo import measure_tempo

URL = "http://stub/api/technology/speaker-diarization"


def run(number: int, audio: float, accepted: float, begins: float, ends: float, every: float = 0.1) -> list[Exchange]:
    """Make the exchanges of a task that is looked at again and again until it is done."""
    task = f"0a1b2c3d-0000-4000-8000-{number:012d}"
    sound = Sound(length=round(audio * 100), loud=(True,))
    part = Part(name="file", filename="a.wav", size=1, sha256="0" * 64, sound=sound)
    body = json.dumps({"task": {"task_id": task, "state": "pending"}}).encode()
    start = Request(method="POST", url=URL, parts=(part,), sent_at=accepted)
    exchanges = [Exchange(start, Answer(status=202, body=body, received_at=accepted))]
    now, state = accepted, ""
    while state != "done":
        now += every
        state = "pending" if now < begins else "running" if now < ends else "done"
        told = {
            "task": {"task_id": task, "state": state},
            "result": {"channels": []} if state == "done" else None,
            "error": None,
        }
        look = Request(method="GET", url=f"{URL}/{task}", sent_at=now)
        exchanges.append(Exchange(look, Answer(status=200, body=json.dumps(told).encode(), received_at=now)))
    return exchanges


def read(*tasks: list[Exchange]) -> History:
    return read_history(sorted((each for task in tasks for each in task), key=lambda each: each.request.sent_at))


def test_overhead_and_factor_are_told_from_a_short_and_a_long_recording() -> None:
    course, sentence = measure_tempo(read(run(1, 2, 0, 0.5, 2.6), run(2, 60, 10, 10.5, 15.5)))
    assert course is not None
    assert course["realtime_factor"] == pytest.approx(20, rel=0.05)
    assert course["overhead"] == pytest.approx(2.0, abs=0.11)
    assert course["workers"] == 1
    assert "no task had to wait" in sentence


@pytest.mark.parametrize(
    ("second", "workers", "said"), [((0.5, 5.5), 2, "no task had to wait"), ((3.5, 8.5), 1, "others waited")]
)
def test_workers_are_told_where_a_task_waits_for_another(second: tuple[float, float], workers: int, said: str) -> None:
    course, sentence = measure_tempo(read(run(1, 2, 0, 0.5, 3.5), run(2, 60, 0, *second)))
    assert course is not None
    assert course["workers"] == workers
    assert said in sentence


def test_a_platform_that_is_too_fast_for_the_looks_tells_no_factor() -> None:
    course, sentence = measure_tempo(read(run(1, 2, 0, 0.2, 1.0), run(2, 60, 10, 10.2, 11.0)))
    assert "are unknown" in sentence
    assert course is not None
    assert set(course) == {"seconds"}
    assert course["seconds"]["running"] == pytest.approx(0.8, abs=0.11)


def test_without_a_task_nothing_is_said() -> None:
    assert measure_tempo(read_history(()))[0] is None
