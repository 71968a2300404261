from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from diarkit_contracts.api.points import RESULT, START
from diarkit_contracts.api.profiles import PROFILES
from diarkit_contracts.coverage.points import list_points, name_answer
from diarkit_mockserver import testing
from diarkit_mockserver.harness.fake import Fake
from diarkit_mockserver.harness.plays import FIXTURE, list_plays

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diarkit_mockserver.control.views import CoverageView

POLLS = 6


@pytest.fixture(scope="module")
def seen() -> list[CoverageView]:
    """What the worlds met, one after the other."""
    return []


@pytest.fixture(scope="module")
def fake(seen: list[CoverageView]) -> Iterator[Fake]:
    fake = Fake(count=seen.append)
    yield fake
    fake.stop()


def use(url: str, wav: bytes) -> None:
    """Be a client of any server: upload, poll until the task has ended, ask for its version and its status."""
    with requests.Session() as session:
        session.trust_env = False
        response = session.post(url + START.split()[1], files={"file": ("call.wav", wav)})
        for _ in range(POLLS if response.status_code == 202 else 0):
            answer = session.get(response.headers["x-location"])
            if answer.status_code == 200 and answer.json()["task"]["state"] in {"done", "failed", "rejected"}:
                break
        for path in ("info", "status"):
            session.get(f"{url}/api/system/{path}")


@pytest.mark.parametrize(("point", "line"), list_plays().items(), ids=list(list_plays()))
def test_each_line_plays_its_point(fake: Fake, seen: list[CoverageView], make_wav: Any, point: str, line: str) -> None:
    with fake.world() as server:
        exec(line, {FIXTURE: server, **vars(testing)})  # noqa: S102 - our own line, as a test has it
        use(server.url, make_wav(2.0))
    assert point in seen[-1].met


def test_a_client_that_is_told_nothing_meets_no_refusal(fake: Fake, seen: list[CoverageView], make_wav: Any) -> None:
    with fake.world() as server:
        use(server.url, make_wav(2.0))
    refused = [point for point in list_plays() if point in seen[-1].met and point.rpartition(" ")[2] >= "400"]
    assert [point for point in refused if point.startswith("answer:")] == []
    assert not {"need:failed", "need:unended", "need:succession", "need:limited", "need:envelope"} & set(seen[-1].met)


def test_every_answer_about_tasks_has_a_line() -> None:
    answers = {
        name_answer(one, status)
        for profile in PROFILES.values()
        for one in (START, RESULT)
        for status in profile.statuses[one]
    }
    assert answers <= set(list_plays()) <= {point.id for point in list_points(frozenset(PROFILES))}


def test_what_breaks_clients_in_the_field_comes_first() -> None:
    assert next(iter(list_plays())) == "need:failed"
