from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from diarkit_contracts.exchanges.exchange import Answer, Exchange, Loss, Lost, Part, Request
from diarkit_contracts.runs.record import RecordError
from diarkit_mockserver.forward import recorder as recorder_module
from diarkit_mockserver.forward.recorder import Recorder
from diarkit_mockserver.scenario.load import parse_scenario

PATH = "/api/technology/speaker-diarization"
RESULT = {"channels": [{"channel_number": 0, "speakers_count": 0, "segments": []}]}
ODD = {"channels": [{"channel_number": 0, "speakers_count": 7, "segments": []}]}


def dump(value: object) -> bytes:
    return json.dumps(value).encode()


def post(
    answer: Answer | Lost | None = None,
    *,
    task_id: str = "1",
    sha256: str = "a" * 64,
    query: str = "",
    config: str | None = None,
    at: float = 0.0,
    name: str = "a.wav",
) -> Exchange:
    parts = (Part(name="file", filename=name, size=1, sha256=sha256),)
    parts += () if config is None else (Part(name="config", text=config, sha256="b"),)
    told = answer or Answer(status=202, body=dump({"task": {"task_id": task_id, "state": "pending"}}), received_at=at)
    return Exchange(Request(method="POST", url=f"http://h{PATH}{query}", parts=parts, sent_at=at), told)


def look(state: str, at: float, *, task_id: str = "1", result: Any = None, message: str | None = None) -> Exchange:
    body = {"task": {"task_id": task_id, "state": state}, "result": result, "error": message and {"message": message}}
    answer = Answer(status=200, body=dump(body), received_at=at)
    return Exchange(Request(method="GET", url=f"http://h{PATH}/{task_id}", sent_at=at), answer)


def done(at: float = 1.0, result: Any = None, **more: Any) -> Exchange:
    return look("done", at, result=RESULT if result is None else result, **more)


def record(*exchanges: Exchange, speed: Any = 1.0) -> list[Any]:
    recorder = Recorder("http://live", speed)
    for exchange in exchanges:
        recorder.add(exchange)
    text = recorder.write()
    parse_scenario(text, source="recorded", directory=None)
    rules: list[Any] = yaml.safe_load(text)["rules"]
    return rules


@pytest.mark.parametrize(
    ("looks", "lasts"),
    [
        ([(10.0, "done")], (5.0, 0.0)),
        ([(2.0, "pending"), (4.0, "running"), (8.0, "running"), (10.0, "done")], (3.0, 6.0)),
        ([(2.0, "running"), (4.0, "done")], (1.0, 2.0)),
        ([(2.0, "pending"), (2.0, "done")], (2.0, 0.0)),
    ],
)
def test_a_state_changed_halfway_between_two_looks(looks: list[tuple[float, str]], lasts: tuple[float, float]) -> None:
    exchanges = [done(at) if state == "done" else look(state, at) for at, state in looks]
    (rule,) = record(post(), *exchanges)
    lasted = {"pending": lasts[0], "running": lasts[1]}
    assert rule == {
        "when": {"sha256": "a" * 64, "exact": True},
        "then": {"result": RESULT, "course": {"seconds": {name: s for name, s in lasted.items() if s}}},
    }


@pytest.mark.parametrize(
    ("speed", "course"),
    [
        (10.0, {"seconds": {"pending": 0.1, "running": 0.5}}),
        (0.5, {"seconds": {"pending": 2, "running": 10}}),
        ("immediate", "immediate"),
    ],
)
def test_the_fake_is_as_fast_as_wanted(speed: Any, course: Any) -> None:
    (rule,) = record(post(), look("running", 2.0), done(10.0), speed=speed)
    assert rule["then"]["course"] == course


@pytest.mark.parametrize("state", ["failed", "rejected"])
def test_a_task_without_a_result_has_its_message(state: str) -> None:
    (rule,) = record(post(), look(state, 1.0, message="Oh."))
    assert rule["then"][state] == "Oh."


def test_a_result_that_breaks_the_contract_is_said_to() -> None:
    (rule,) = record(post(), done(result=ODD))
    assert (rule["then"]["result"], rule["then"]["breaks_contract"]) == (ODD, True)


@pytest.mark.parametrize(
    ("headers", "body", "http"),
    [
        ((), dump({"message": "Too large."}), {"message": "Too large."}),
        ((("Retry-After", "7"),), dump({"message": "Later."}), {"message": "Later.", "retry_after": 7}),
        ((("Content-Type", "text/html"),), b"<p>", {"body": "<p>", "content_type": "text/html"}),
        ((("Retry-After", "9" * 5_000),), dump({"message": "Later."}), {"message": "Later."}),
        ((("Retry-After", "Mon"), ("Content-Type", "a\tb")), b"", {"body": ""}),
    ],
)
def test_a_refusal_is_repeated(headers: Any, body: bytes, http: dict[str, Any]) -> None:
    (rule,) = record(post(Answer(status=413, headers=headers, body=body)))
    assert rule == {"when": {"sha256": "a" * 64, "exact": True}, "then": {"http": {"status": 413, **http}}}


@pytest.mark.parametrize(
    ("query", "config", "when"),
    [
        ("", None, {}),
        ("?channel_mode=split&range_from=0", "{}", {}),
        ("?channel_mode=mix&range_to=2.5&else=1", '{"total_speakers": 2, "other": 1}',
         {"channel_mode": "mix", "range_to": 2.5, "config": {"total_speakers": 2}}),
        ("?channels=1,0,1&range_from=1", '{"max_speakers": 3.0}', {"channels": "1,0", "range_from": 1, "config": {"max_speakers": 3}}),
    ],
)  # fmt: skip
def test_a_rule_is_for_what_the_platform_understood(query: str, config: str | None, when: dict[str, Any]) -> None:
    (rule,) = record(post(query=query, config=config), done())
    assert rule["when"] == {"sha256": "a" * 64, **when, "exact": True}


def test_the_rule_that_asks_for_more_comes_first() -> None:
    rules = record(
        post(),
        done(),
        post(config='{"max_speakers": 2}', query="?channels=0"),
        done(),
        post(query="?channels=0"),
        done(),
        speed="immediate",
    )
    assert [sorted(rule["when"]) for rule in rules] == [
        ["channels", "config", "exact", "sha256"], ["channels", "exact", "sha256"], ["exact", "sha256"],
    ]  # fmt: skip


def test_a_platform_that_changes_its_mind_is_repeated_in_its_order() -> None:
    busy = Answer(status=429, body=dump({"message": "Later."}))
    rules = record(
        post(busy), post(busy), post(), done(), post(), done(result=ODD), post(busy), post(), done(), speed="immediate"
    )
    assert [(next(iter(rule["then"])), rule.get("times")) for rule in rules] == [
        ("http", 2), ("result", 1), ("breaks_contract" if next(iter(rules[2]["then"])) == "breaks_contract" else "result", 1),
        ("http", 1), ("result", None),
    ]  # fmt: skip


def test_equal_answers_are_one_rule_whose_last_course_counts() -> None:
    (rule,) = record(post(), done(2.0), post(), done(4.0))
    assert (rule["then"]["course"], "times" in rule) == ({"seconds": {"pending": 1}}, False)


@pytest.mark.parametrize(
    "exchange",
    [
        post(Lost(kind=Loss.CUT)),
        post(query="?channel_mode=odd"),
        Exchange(Request(method="POST", url=f"http://h{PATH}"), Answer(status=422)),
        Exchange(Request(method="POST", url="http://h/else"), Answer(status=404)),
        look("done", 1.0, task_id="unknown", result=RESULT),
        Exchange(Request(method="GET", url="http://h/api/system/info"), Answer(status=200)),
    ],
)
def test_what_is_no_answer_to_a_known_upload_is_passed_over(exchange: Exchange) -> None:
    recorder = Recorder("live")
    assert recorder.add(exchange) is None
    assert (len(recorder), recorder.unended) == (0, 0)


@pytest.mark.parametrize(
    ("exchanges", "said"),
    [
        ([post(Answer(status=202, body=b"{}"))], "a.wav: expected a task id with 202, got b'{}'"),
        ([post(Answer(status=200))], "a.wav: expected 202 or a refusal, got 200"),
        ([post(), look("done", 1.0)], "a.wav: expected a result with done, got None"),
    ],
)
def test_what_can_not_be_repeated_is_told(exchanges: list[Exchange], said: str) -> None:
    recorder = Recorder("live")
    with pytest.raises(RecordError) as caught:
        list(map(recorder.add, exchanges))
    assert str(caught.value) == said


def test_a_task_is_told_once_and_counted_until_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "MOST_OPEN", 2)
    recorder = Recorder("live")
    for number in range(4):
        recorder.add(post(task_id=f"T-{number}"))
    assert recorder.unended == 2
    assert recorder.add(done(task_id="t-0")) is None
    recorded = recorder.add(done(task_id="t-3"))
    assert str(recorded) == "result pending 0.5 s running 0 s"
    assert recorder.add(done(task_id="t-3")) is None
    assert (len(recorder), recorder.unended) == (1, 1)


def test_names_of_files_and_of_the_platform_stay_comments() -> None:
    recorder = Recorder("http://h\nx: y")
    recorder.add(post(name="a'b\n.wav"))
    recorder.add(done())
    assert [line for line in recorder.write().splitlines() if line.startswith("#")] == [
        "# yaml-language-server: $schema=scenario.schema.json",
        "# Answers of 'http://h\\nx: y', recorded by diarkit.",
        '#   aaaaaaaaaaaa  "a\'b\\n.wav"',
    ]


def test_a_scenario_grows_by_what_is_new_alone() -> None:
    """The text of a rule that does not change is written once: a thousand tasks cost no thousand times a thousand."""
    recorder = Recorder("live")
    for number in range(3):
        recorder.add(post(Answer(status=413), sha256=f"{number}" * 64))
    first = recorder.write()
    recorder.add(post(Answer(status=413), sha256="9" * 64))
    assert first.splitlines()[-1] in recorder.write()
