"""Fakes of other habits are learned, and the fake that serves what was learned can't be told from them."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from contract_servers.fake import URL, Fake, SharedClock, Transport, verify

from diarkit_contracts.api.dialect import Dialect
from diarkit_contracts.api.learned import Learned, SeenPoint
from diarkit_contracts.api.points import POINTS, Carries, Echoes, Ends, Refuses, Says
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Part, Request, Sound
from diarkit_contracts.exchanges.history import History, read_history
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.runs.learn.learn import learn, list_drift, make_learn_plan, measure_tempo, write_learned
from diarkit_contracts.runs.parity.compare import compare_verdicts
from diarkit_contracts.runs.verify import verify_target
from diarkit_contracts.target.client import CAPS, Target
from diarkit_mockserver.scenario.load import parse_scenario
from diarkit_mockserver.scenario.model import Scenario

if TYPE_CHECKING:
    from contract_servers.fake import Server

    from diarkit_contracts.api.points import Generation
    from diarkit_mockserver.clock import Clock

GENERATIONS: tuple[Generation, ...] = ("3.6", "3.7", "5.0")
NEVER_SEEN = {"too_slow", "too_slow_body", "too_large_body", "forbidden_body", "too_many_body", "storage_full_body"}
"""What a polite run can't make a platform do."""

OPEN = {"rate_limit", "method", "get_validation", "cancelled", "least_speakers"}
"""What shows only if it happens."""


def learn_server(server: Server, clock: Clock) -> tuple[Learned, str]:
    """Learn a server that is a function, in no time."""
    target = Target(url=URL, transport=Transport(server), caps=CAPS[Tier.FULL], clock=SharedClock(clock))
    verdict = verify_target(make_learn_plan(), target)
    learned, sentence = learn(verdict, URL, "2026-05-01")
    return learned, write_learned(learned, sentence)


def draw_dialect(chance: random.Random) -> Dialect:  # noqa: C901 - a case for each effect
    """Draw a value for most of the points that a run can see."""
    drawn: dict[str, Any] = {"version": f"{chance.choice(['3.6', '3.7', '5.0'])}.{chance.randrange(9)}"}
    for point in POINTS:
        if not point.served or point.key in NEVER_SEEN | OPEN or chance.random() < 0.2:
            continue
        match point.effect:
            case Refuses() | Ends() | Echoes():
                drawn[point.key] = chance.choice(point.allowed)
            case Says(mistake="") if point.key == "status_body":
                drawn[point.key] = '{"up":true}'
            case Says(mistake=""):
                drawn[point.key] = '{"version":"{version}","build":' + str(chance.randrange(100)) + "}"
            case Says(of_task=True):
                drawn[point.key] = '{"type":"internal","message":"' + draw_words(chance) + '","detail":[]}'
            case Says():
                body = '{"type":"request.invalid","message":"%s","detail":%s,"code":%d}'
                drawn[point.key] = body % (draw_words(chance), chance.choice(["[]", "null"]), chance.randrange(100))
            case Carries(header="Allow"):
                drawn[point.key] = "{allowed}, HEAD"
            case Carries(header="Content-Type"):
                drawn[point.key] = "application/json; charset=utf-8"
            case Carries():
                drawn[point.key] = f"word-{chance.randrange(100)}"
            case _ if point.allowed:
                drawn[point.key] = chance.choice(point.allowed)
            case _:
                pass
    return Dialect(**drawn)


def draw_words(chance: random.Random) -> str:
    holes = ["{value}", "{name}", "{path}", "{method}", "{task_id}", "{base}"]
    words = [
        chance.choice(["no", "such", "thing", "here", "ľ"]),
        chance.choice(holes),
        chance.choice(["given", *holes]),
    ]
    return " ".join(words)


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 50))])
def test_a_fake_with_a_dialect_of_its_own_is_learned_and_can_no_longer_be_told_from_it(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    original = Scenario(profile=chance.choice(GENERATIONS), dialect=draw_dialect(chance))
    fake = Fake(original)
    learned, text = learn_server(fake, fake.clock)
    served = parse_scenario(text, source="platform.yaml", directory=None)
    assert served.seen == learned.seen
    copy, fresh = Fake(served), Fake(original)
    parity = compare_verdicts(verify(fresh, fresh.clock), verify(copy, copy.clock), texts=True)
    assert parity.differences == ()
    assert len(parity.compared) == 28
    points = {point.key for point in POINTS}
    assert {each.point for each in learned.seen} | set(learned.not_learned) == points
    assert set(learned.not_learned) >= NEVER_SEEN | {"least_speakers"}
    assert len(learned.seen) >= 50


def test_what_was_seen_names_its_exchange_and_no_host() -> None:
    fake = Fake(Scenario(dialect=Dialect(unknown_task_body='{"message":"{task_id} at {base}"}', x_location="relative")))
    learned, text = learn_server(fake, fake.clock)
    (seen,) = (each for each in learned.seen if each.point == "x_location")
    row = "row-01[2ch-4.0s]: POST /api/technology/speaker-diarization -> 202"
    assert seen == SeenPoint(point="x_location", value="relative", exchange=row, version="3.6.0", date="2026-05-01")
    assert "{task_id} at {base}" in text
    assert "127.0.0.1" not in text


def test_answers_that_differ_are_not_learned() -> None:
    fake, count = Fake(), iter(range(1000))

    def answer(asked: Any) -> Any:
        told = fake(asked)
        told.headers["server"] = f"node-{next(count)}"
        return told

    learned, _ = learn_server(answer, fake.clock)
    assert "server" in learned.not_learned
    assert "version" not in learned.not_learned


def see(**points: str | int) -> Learned:
    return Learned(
        seen=tuple(
            SeenPoint(point=key, value=value, exchange="bad-12: POST -> 422", version="5.0.1", date="2026-05-01")
            for key, value in points.items()
        )
    )


def test_drift_is_what_both_runs_saw_and_saw_differently() -> None:
    drift = list(
        list_drift(see(bad_mode=422, location="sent", server="nginx"), see(bad_mode=400, location="sent", vary="x"))
    )
    assert drift == [
        "bad_mode: learned on 2026-05-01 with 5.0.1: 422, now 400 (bad-12: POST -> 422, version 5.0.1)",
    ]  # fmt: skip


def test_the_plan_is_polite() -> None:
    cost = make_learn_plan().count_cost()
    assert cost.tasks <= 16
    assert cost.bytes_up < 3_000_000


START_URL = "http://stub/api/technology/speaker-diarization"


def run(number: int, audio: float, accepted: float, begins: float, ends: float, every: float = 0.1) -> list[Exchange]:
    """Make the exchanges of a task that is looked at again and again until it is done."""
    task = f"0a1b2c3d-0000-4000-8000-{number:012d}"
    sound = Sound(length=round(audio * 100), loud=(True,))
    part = Part(name="file", filename="a.wav", size=1, sha256="0" * 64, sound=sound)
    body = json.dumps({"task": {"task_id": task, "state": "pending"}}).encode()
    start = Request(method="POST", url=START_URL, parts=(part,), sent_at=accepted)
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
        look = Request(method="GET", url=f"{START_URL}/{task}", sent_at=now)
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
