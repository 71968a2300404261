from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
import textwrap
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diarkit_mockserver.clock import Clock
from diarkit_mockserver.control.problem import RefusedError
from diarkit_mockserver.harness.fake import DiarizationServerFactory, Fake, find_fake
from diarkit_mockserver.harness.live import LiveServer, UnavailableError
from diarkit_mockserver.intake.request import ENDPOINT, Request
from diarkit_mockserver.journal.export import write_entries
from diarkit_mockserver.scenario.faults import Fault, Latency
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.strategies import scenarios
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Ask = Callable[..., Any]

WORLDS = 64


@pytest.fixture(scope="module")
def fake() -> Iterator[Fake]:
    fake = Fake()
    yield fake
    fake.stop()


def test_64_worlds_in_parallel_never_see_each_other(fake: Fake, submit: Ask, ask: Ask) -> None:
    """Row 9 of the demands: each world has its own clock, rules, tasks, faults and journal, whoever else is at work."""

    def live(number: int) -> list[object]:
        server = fake.open_world(f"parallel-{number}", Scenario(course="manual", seed=number), frozen=True)
        server.respond(failed=f"of {number}", filename="*")
        server.advance(number)
        ids = []
        for turn in range(3):
            answer = submit(server.url, f"{number} {turn}".encode(), filename=f"{number}-{turn}.wav")
            assert f"/worlds/parallel-{number}/" in answer.header("x-location")
            ids.append(json.loads(answer.body)["task"]["task_id"])
            server.step(ids[-1])
            server.step(ids[-1])
            assert json.loads(ask(answer.header("x-location")).body)["error"]["message"] == f"of {number}"
        server.set_faults(*[Fault(http=503)] * (number % 2))
        seen = [
            [task.task_id for task in server.tasks] == ids,
            [sent.filename for sent in server.submissions] == [f"{number}-{turn}.wav" for turn in range(3)],
            len(server.journal) == 6,
            server.clock.seconds == number,
            submit(server.url, b"x").status == (503 if number % 2 else 202),
        ]
        server.reset()
        seen.append((server.tasks, server.journal, server.clock.seconds) == ((), (), 0))
        server.close()
        return seen

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(live, range(WORLDS))) == [[True] * 6] * WORLDS


STEP = st.one_of(
    st.tuples(st.just("upload"), st.integers(0, 2)),
    st.tuples(st.just("poll"), st.integers(0, 3)),
    st.tuples(st.just("advance"), st.sampled_from([0.5, 3, 1000])),
    st.tuples(st.just("respond"), st.integers(0, 2)),
    st.tuples(st.just("fault"), st.booleans()),
    st.tuples(st.just("clear"), st.just(0)),
)


def run_history(  # noqa: C901 - one case for each thing to do
    platform: Platform, base: str, world: Callable[[], World], form: bytes, history: Any
) -> list[Any]:
    """Do what a client and a test may do, and return all that they see."""
    told: list[Any] = []
    ids = ["5a25c1ac-93d4-4d85-9fb8-b4ad6c1c4eb5"]

    def ask(method: str, path: str, body: bytes = b"") -> Any:
        headers = [(b"content-type", b"multipart/form-data; boundary=b"), (b"host", b"h")]
        place = platform.find_place(base + path)
        visit = platform.begin(Request(method, base + path, "", headers, scheme="http", server="h"), place)
        if method == "GET":
            return platform.answer(visit, place)
        early = platform.refuse_early(visit, place)
        if early is not None:
            return early
        reader = platform.read_upload(visit, place)
        reader.feed(body)
        return platform.answer(visit, place, reader)

    for kind, value in history:
        match kind:
            case "upload":
                answer = ask("POST", ENDPOINT, form.replace(b"NUMBER", str(value).encode()))
                told.append((answer.status, answer.body, answer.headers))
                if answer.status == 202:
                    ids.append(json.loads(answer.body)["task"]["task_id"])
            case "poll":
                answer = ask("GET", f"{ENDPOINT}/{ids[value % len(ids)]}")
                told.append((answer.status, answer.body, answer.headers))
            case "advance":
                world().clock.advance(value)
            case "respond":
                world().add_rule(Rule(then=Then(failed=str(value)), times=1))
            case "fault":
                world().replace_faults([Fault(http=500, share=0.5)] * value)
            case _:
                world().journal.clear()
    told += map(json.dumps, write_entries(world().journal, 0))
    told += [(str(task), world().tasks.progress(task)) for task in world().tasks]
    told += [
        world().scenario,
        world().clock.now(),
        world().clock.epoch,
        world().journal.total,
        bool(world().scenario.faults),
    ]
    return told


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    scenario=scenarios(timed=True),
    before=st.lists(STEP, max_size=12),
    after=st.lists(STEP, min_size=1, max_size=12),
)
def test_after_a_reset_a_world_is_as_a_fresh_one(scenario: Scenario, before: Any, after: Any) -> None:
    """Row 28 of the demands: whatever happened before, what follows a reset is to the byte what follows a beginning."""
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="NUMBER"\r\n\r\nNUMBER\r\n--b--\r\n'
    used, fresh = (Platform(World()) for _ in range(2))
    for platform in (used, fresh):
        platform.open_world("w", scenario, Clock(frozen=True))
    run_history(used, "/worlds/w", lambda: used.worlds["w"], form, before)
    used.worlds["w"].replace_scenario(replace(scenario, seed=scenario.seed + 1, course="manual"))
    used.reset_world("w")
    first, second = (
        run_history(each, "/worlds/w", lambda each=each: each.worlds["w"], form, after)  # type: ignore[misc]
        for each in (used, fresh)
    )
    assert first == second


def test_what_waited_in_a_world_that_stood_still_goes_on_when_the_world_is_dropped(fake: Fake, submit: Ask) -> None:
    server = fake.open_world("waits", Scenario(faults=(Fault(latency=Latency(fixed=1e6)),)), frozen=True)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(submit, server.url, b"x")
        while not server.journal:
            pass
        server.close()
        assert waiting.result(20).status == 202


def test_a_server_that_runs_already_is_used_and_not_stopped(fake: Fake, submit: Ask) -> None:
    other = Fake(fake.url, nonce=fake.nonce, prefix="other-")
    server = other.open_world("x")
    assert server.url == f"{fake.url}/worlds/other-x"
    mine = fake.open_world("x")
    bodies = [submit(each.url, b"x").body for each in (server, mine)]
    assert bodies[0] == bodies[1]
    server.close()
    other.stop()
    assert submit(mine.url, b"x").status == 202
    mine.close()


FIRST = """
import sys, urllib.request
from diarkit_mockserver.harness.fake import Fake
fake = Fake()
server = fake.open_world("first")
urllib.request.urlopen(server.url + "/api/system/info").close()
told = len(server.journal), server.clock.frozen, server.conduct()
fake.stop()
print({"fastapi", "starlette", "pydantic", "numpy"} & set(sys.modules), told)
"""


def test_a_fake_in_this_process_answers_its_tests_without_a_framework(plain_environment: dict[str, str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FIRST], capture_output=True, text=True, check=True, env=plain_environment, timeout=60
    )
    assert ran.stdout.strip() == "set() (1, False, ())"


def test_a_server_that_is_not_the_one_meant_is_told_apart(fake: Fake) -> None:
    with pytest.raises(ConnectionError, match=f"expected the nonce another, got {fake.nonce}"):
        Fake(fake.url, nonce="another")


def test_a_server_that_does_not_answer_is_named() -> None:
    with pytest.raises(ConnectionError, match=r"^no fake answers at http://127\.0\.0\.1:1: .*refused"):
        Fake("http://127.0.0.1:1")


def test_worlds_of_several_programs_on_one_server_have_names_of_their_own(fake: Fake, submit: Ask) -> None:
    other = Fake(fake.url)
    with fake.world() as first, other.world() as second, other.world() as third:
        assert len({first.url, second.url, third.url}) == 3
        bodies = [submit(each.url, b"x").body for each in (first, second)]
    assert bodies[0] == bodies[1]
    other.stop()


def test_a_fake_is_found_by_its_answer(fake: Fake) -> None:
    found = find_fake(fake.url)
    assert found is not None
    assert found.nonce == fake.nonce
    found.stop()
    assert find_fake("http://127.0.0.1:1") is None


def test_a_name_is_given_once_at_a_time(fake: Fake) -> None:
    fake.open_world("once")
    with pytest.raises(RefusedError, match="already"):
        fake.open_world("once")


def test_a_closed_world_is_not_found(fake: Fake, submit: Ask) -> None:
    world = fake.open_world("closed")
    world.close()
    world.close()
    assert submit(world.url, b"x").status == 404


def test_a_world_may_be_opened_again_and_begins_anew(fake: Fake, submit: Ask) -> None:
    answers = []
    for _ in range(2):
        world = fake.open_world("again", Scenario(course="immediate"))
        answers.append(submit(world.url, b"x").body)
        assert len(world.submissions) == 1
        world.close()
    assert answers[0] == answers[1]


def test_a_factory_makes_worlds_of_their_own_and_ends_them(fake: Fake, submit: Ask, tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text("rules:\n- then: {http: 507}\n", "utf-8")
    factory = DiarizationServerFactory(fake, "made")
    servers = [factory(), factory(Scenario(rules=(Rule(then=Then(http=503)),))), factory(file, frozen=True, epoch=7)]
    assert [submit(server.url, b"x").status for server in servers] == [202, 503, 507]
    assert (servers[2].clock.frozen, servers[2].clock.epoch) == (True, 7)
    factory.close()
    assert [submit(server.url, b"x").status for server in servers] == [404] * 3


def test_a_factory_of_another_server_makes_none() -> None:
    with pytest.raises(UnavailableError, match=r"be started again.*http://live"):
        DiarizationServerFactory(LiveServer("http://live"), "x")()


def test_a_fake_ends_with_its_thread_and_without_an_open_socket() -> None:
    before = set(threading.enumerate())
    fake = Fake()
    fake.open_world("x")
    fake.stop()
    fake.stop()
    assert set(threading.enumerate()) <= before  # what was left by others may end meanwhile


def test_a_fake_in_a_with_block_ends_with_it() -> None:
    before = set(threading.enumerate())
    with Fake() as fake, fake.world() as server:
        assert server.url.startswith(fake.url)
    assert set(threading.enumerate()) <= before


def test_the_examples_of_the_docstring_run(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"(?:^ {4}.*\n|^\n)+", inspect.getdoc(Fake).partition("Args:")[0], re.MULTILINE)  # type: ignore[union-attr]
    first, second = (textwrap.dedent(block) for block in blocks if block.strip())
    scope: dict[str, Any] = {"__name__": "an_example"}
    exec(first, scope)  # noqa: S102 - our own docstring
    tests = unittest.defaultTestLoader.loadTestsFromTestCase(scope["TestMyClient"])
    result = unittest.TestResult()
    tests.run(result)
    assert (result.testsRun, result.errors, result.failures) == (1, [], [])
    exec(second, scope)  # noqa: S102
    assert "Out of memory." in capsys.readouterr().out


def test_what_a_client_meets_at_the_root_is_counted() -> None:
    counted: list[Any] = []
    fake = Fake(count=counted.append)
    server = fake.open_root()
    with urlopen(f"{server.url}/api/system/info") as answer:  # noqa: S310 - our own
        assert answer.status == 200
    server.close()
    fake.stop()
    assert len(counted) == 1
    assert counted[0].met
