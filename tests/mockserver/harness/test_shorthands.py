"""Each shorthand, held against the clauses: it breaks the contract where its name is a breakage, and nowhere else."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Any, get_args

import pytest

from diarkit_contracts.clauses.catalogue import judge_all
from diarkit_contracts.exchanges.history import read_history
from diarkit_mockserver.journal.export import make_exchange
from diarkit_mockserver.scenario.faults import BodyDamage, Connection, ResultFault, TaskFault
from diarkit_mockserver.testing import Fake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ask = Callable[..., Any]

SEGMENTS = [{"speaker_id": 0, "start_time": 0.5, "end_time": 2.25}]
RESULT = {"channels": [{"channel_number": 0, "speakers_count": 1, "segments": SEGMENTS}]}

ANSWERS: tuple[dict[str, Any], ...] = (
    {"failed": "Broken."},
    {"rejected": "No speech."},
    {"segments": [[(0, 0.5, 2.25), (1, 3, 4)]]},
    {"speakers": 3},
    {"speakers": 2, "der": 0.2},
    {"course": {"polls": {"pending": 1, "running": 1}}},
    {"result": RESULT},
)
REFUSED = {"rejected": {"acceptance.not-rejected"}}
"""What a sound upload should not have got, where the shorthand says just that it gets it."""

NONE: frozenset[str] = frozenset()
Table = dict[str, dict[int, frozenset[str]]]

STATUSES: Table = {
    "submit": {
        **dict.fromkeys((400, 422), frozenset({"acceptance.upload"})),
        **dict.fromkeys((401, 403, 413, 429, 507), NONE),
    },
    "poll": {404: frozenset({"task.is-found"}), **dict.fromkeys((400, 422, 429), NONE)},
}
"""Documented ones, and what a sound request should not have got. An upload's 401 is a gateway's, which no clause is about."""

UNDOCUMENTED: Table = {
    "submit": {
        **dict.fromkeys((404, 409), frozenset({"acceptance.upload"})),
        **dict.fromkeys((200, 204, 302, 500, 501, 502, 503, 504), NONE),
    },
    "poll": dict.fromkeys((204, 302, 403, 409, 413, 500, 501, 502, 503, 504, 507), NONE),
}
"""Their names are breakages, of `shape.status`, beside what is listed."""

EVERY_STATUS = [
    (on, status, broken | more)
    for table, more in ((STATUSES, NONE), (UNDOCUMENTED, frozenset({"shape.status"})))
    for on, statuses in table.items()
    for status, broken in statuses.items()
]

BY_HAND: Table = {
    "submit": {202: frozenset({"shape.json", "shape.content-type", "shape.headers"})},
    "poll": {200: frozenset({"shape.json", "shape.content-type"})},
}
"""What the platform answers by itself is no shorthand (`test_answer`): whoever gives its body says what is broken."""

BODIES = {"truncated": "shape.json", "garbled": "shape.json", "empty": "shape.json", "html": "shape.status"}
RESULTS = {
    "count_wrong": "result.count-is-ids",
    "end_before_start": "result.end-after-start",
    "negative_time": "shape.schema",
    "overlap": "result.no-overlap",
    "unsorted": "result.sorted",
    "id_gap": "result.ids-by-appearance",
    "channel_missing": "shape.schema",
    "null_result": "shape.schema",
    "error_on_done": "shape.schema",
    "unknown_state": "shape.schema",
    "beyond_audio": "parameters.inside-audio",
}
TASKS: dict[str, set[str]] = {"stuck": set(), "lost": {"task.is-found"}}
"""Whether a task that is stuck would have ended, nobody knows who has not waited."""


@pytest.fixture(scope="module")
def fake() -> Iterator[Fake]:
    fake = Fake()
    yield fake
    fake.stop()


@pytest.fixture
def play(fake: Fake, submit: Ask, ask: Ask, make_wav: Ask) -> Callable[..., set[str]]:
    """Let a client upload and poll; returns the clauses that its journal breaks."""

    def run(told: dict[str, Any], *faults: dict[str, Any]) -> set[str]:
        with fake.world() as server:
            if told:
                server.respond(**told)
            server.set_faults(*faults)
            try:
                answer = submit(server.url, make_wav(20))
                location = answer.header("x-location")
                for _ in range(3 if location else 0):
                    ask(location)
            except (OSError, http.client.HTTPException):
                pass
            exchanges = [make_exchange(entry, server.clock.epoch) for entry in server.journal]
            return {each.clause.id for each in judge_all(read_history(exchanges)) if each.broken}

    return run


@pytest.mark.parametrize("told", ANSWERS, ids=repr)
def test_no_answer_breaks_the_contract(play: Callable[..., set[str]], told: dict[str, Any]) -> None:
    assert play(told) == REFUSED.get(next(iter(told)), frozenset())


@pytest.mark.parametrize("by", ["rule", "fault"])
@pytest.mark.parametrize(("on", "status", "broken"), EVERY_STATUS)
def test_a_status_breaks_the_contract_only_where_it_is_not_documented(
    play: Callable[..., set[str]], on: str, status: int, broken: frozenset[str], by: str
) -> None:
    told = {"http": {"status": status, "on": on}}
    assert (play(told) if by == "rule" else play({}, {"on": on, "http": status})) == broken


@pytest.mark.parametrize("by", ["rule", "fault"])
@pytest.mark.parametrize(("on", "status"), [(on, status) for on in BY_HAND for status in BY_HAND[on]])
def test_a_success_given_by_hand_lacks_what_its_body_lacks(
    play: Callable[..., set[str]], on: str, status: int, by: str
) -> None:
    http = {"status": status, "body": ""}
    broken = play({"http": {**http, "on": on}}) if by == "rule" else play({}, {"on": on, "http": http})
    assert broken == BY_HAND[on][status]


@pytest.mark.parametrize(("times", "broken"), [(1, {"shape.status"}), (3, set())])
def test_a_401_of_a_poll_is_a_gateway_s_where_nobody_is_let_in_afterwards(
    play: Callable[..., set[str]], times: int, broken: set[str]
) -> None:
    """The API itself has none: one poll refused between two answers is another status than documented."""
    assert play({"http": {"status": 401, "on": "poll", "times": times}}) == broken
    assert play({}, {"on": "poll", "http": 401, "times": times}) == broken


@pytest.mark.parametrize("on", ["submit", "poll"])
@pytest.mark.parametrize("body", get_args(BodyDamage))
def test_a_damaged_body_is_seen_as_one(play: Callable[..., set[str]], on: str, body: str) -> None:
    assert play({}, {"on": on, "body": body}) == {BODIES[body]}


@pytest.mark.parametrize("on", ["submit", "poll"])
@pytest.mark.parametrize(
    "fault",
    [
        *({"connection": kind} for kind in get_args(Connection)),
        {"latency": {"fixed": 0}},
        {"drip": {"bytes": 64, "every": 0}},
    ],
    ids=repr,
)
def test_what_happens_to_a_connection_breaks_no_clause(
    play: Callable[..., set[str]], on: str, fault: dict[str, Any]
) -> None:
    assert play({}, {"on": on, "times": 1, **fault}) == set()


@pytest.mark.parametrize("kind", get_args(ResultFault))
def test_a_result_fault_breaks_what_its_name_says(play: Callable[..., set[str]], kind: str) -> None:
    assert play({"speakers": 2}, {"result": kind}) == {RESULTS[kind]}


@pytest.mark.parametrize("kind", get_args(TaskFault))
def test_a_task_fault_breaks_no_more_than_its_name_says(play: Callable[..., set[str]], kind: str) -> None:
    assert play({}, {"task": kind}) == TASKS[kind]
