"""A suite that meets all there is: the lines that the report offers, and what the verifier's own rows send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from diarkit_contracts.coverage.points import Tally, add_up, list_points
from diarkit_contracts.rows.inputs import make_input
from diarkit_contracts.rows.mistakes import make_mistakes
from diarkit_contracts.rows.uploads import make_uploads
from diarkit_mockserver import testing
from diarkit_mockserver.harness.fake import Fake
from diarkit_mockserver.harness.plays import FIXTURE, list_plays

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarkit_contracts.rows.call import Call
    from diarkit_mockserver.control.views import CoverageView

ENDED = {"done", "failed", "rejected"}
UPLOADS = {row.name: row.call for row in make_uploads() if row.accepted}
MISTAKES = {row.name: row.call for row in make_mistakes()}


def send(session: requests.Session, url: str, call: Call) -> requests.Response:
    kind, body = call.write_body()
    return session.request(call.method, url + call.target, data=body, headers={"Content-Type": kind} if kind else {})


def follow(session: requests.Session, accepted: requests.Response) -> None:
    """Poll to the end; a refusal is another look, and one too many ends it."""
    for _ in range(6 if accepted.status_code == 202 else 0):
        answer = session.get(accepted.headers["x-location"])
        if answer.status_code == 200 and answer.json()["task"]["state"] in ENDED:
            return


def run(url: str, calls: Iterable[Call]) -> None:
    with requests.Session() as session:
        session.trust_env = False
        for call in calls:
            follow(session, send(session, url, call))


def play(server: Any, line: str) -> None:
    exec(line, {FIXTURE: server, **vars(testing)})  # noqa: S102 - our own line, as a test has it
    with requests.Session() as session:
        session.trust_env = False
        follow(session, session.post(server.endpoint, files={"file": ("a.wav", make_input("wav:1ch:2.0s"))}))
        for path in ("info", "status"):
            session.get(f"{server.url}/api/system/{path}")


def look_again(server: Any) -> None:
    with requests.Session() as session:
        session.trust_env = False
        accepted = session.post(server.endpoint, files={"file": ("a.wav", b"x")})
        for _ in range(2):
            session.get(accepted.headers["x-location"])


@pytest.fixture(scope="module")
def met() -> dict[str, Tally]:
    """What each test of the suite meets in a world of its own."""
    seen: list[CoverageView] = []
    fake = Fake(count=seen.append)
    tests: dict[str, Any] = {line: lambda server, line=line: play(server, line) for line in list_plays().values()}
    tests["all uploads of the rows"] = lambda server: run(server.url, UPLOADS.values())
    tests["all mistakes of the rows"] = lambda server: run(server.url, MISTAKES.values())
    tests["a look after the end"] = look_again
    try:
        for test in tests.values():
            with fake.world() as server:
                test(server)
    finally:
        fake.stop()
    return dict(zip(tests, (Tally(frozenset(one.met), frozenset(one.behaved)) for one in seen), strict=True))


@pytest.mark.slow
def test_all_of_it_together_meets_everything(met: dict[str, Tally]) -> None:
    assert add_up(met.values()).list_never() == ()
    assert add_up(met.values()).percent == 100


@pytest.mark.slow
def test_without_one_of_them_what_it_alone_met_is_never_met(met: dict[str, Tally]) -> None:
    turned = {
        left_out: {point.id for point in add_up(one for name, one in met.items() if name != left_out).list_never()}
        for left_out in met
    }
    others = {name: frozenset[str]().union(*(met[one].met for one in met if one != name)) for name in met}
    points = {point.id for point in list_points()}
    assert turned == {name: points & met[name].met - others[name] for name in met}
    assert turned["a look after the end"] == {"need:finality", "need:soon-again"}
    assert turned["diarization_server.respond(http=507)"] == {"answer:POST /api/technology/speaker-diarization 507"}
    assert turned['diarization_server.respond(course={"polls": {"pending": 2}})'] == set(), "another line plays it too"
    assert "need:broken-form" in turned["all mistakes of the rows"]
    assert {"need:mix", "sent:channel_mode mix"} <= turned["all uploads of the rows"]
