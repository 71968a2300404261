from __future__ import annotations

import json

import pytest

from diarkit_contracts.api.document import as_object, operations
from diarkit_contracts.api.profiles import DEFAULT, PROFILES
from diarkit_contracts.clauses.clause import judge
from diarkit_contracts.clauses.shape import CLAUSES
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request
from diarkit_contracts.exchanges.history import read_history

POST = Request(method="POST", url="http://stub/api/technology/speaker-diarization")
TASK = "0a1b2c3d-0000-4000-8000-00000000000f"


def broken(profile: str, *exchanges: Exchange) -> set[str]:
    history = read_history(exchanges, PROFILES[profile])
    return {clause.id for clause in CLAUSES if judge(clause, history).broken}


def test_the_default_declares_what_the_document_declares() -> None:
    told = {
        f"{operation.method} {operation.path}": frozenset(map(int, as_object(operation.body["responses"], "")))
        for operation in operations()
    }
    assert DEFAULT.statuses == told


@pytest.mark.parametrize(("profile", "status", "fits"), [("3.6", 405, False), ("5.0", 405, True), ("3.6", 429, True), ("5.0", 429, False)])  # fmt: skip
def test_a_generation_has_its_own_statuses(profile: str, status: int, fits: bool) -> None:
    assert ("shape.status" not in broken(profile, Exchange(POST, Answer(status=status)))) is fits


@pytest.mark.parametrize(
    ("profile", "headers"),
    [("3.5", {"X-Location"}), ("3.6", {"X-Location"}), ("4.0", {"Location", "X-Location"}), ("5.0", {"Location", "X-Location"})],
)  # fmt: skip
def test_a_generation_has_its_own_header_for_the_task_and_keeps_the_old_one(profile: str, headers: set[str]) -> None:
    for name in ("Location", "X-Location", "X-Task"):
        answer = Answer(status=202, headers=((name, f"/api/technology/speaker-diarization/{TASK}"),))
        assert ("shape.headers" in broken(profile, Exchange(POST, answer))) is (name not in headers)


def test_only_the_newest_generation_knows_a_cancelled_task() -> None:
    request = Request(method="GET", url=f"{POST.url}/{TASK}")
    body = b'{"task": {"task_id": "%s", "state": "cancelled"}, "result": null, "error": null}' % TASK.encode()
    look = Exchange(request, Answer(status=200, headers=(("Content-Type", "application/json"),), body=body))
    assert broken("5.0", look) == set()
    assert broken("3.6", look) == {"shape.schema"}


@pytest.mark.parametrize(("count", "fits"), [(0, {"3.6", "3.7", "4.0", "5.0"}), (1, set(PROFILES))])
def test_only_the_oldest_generation_wants_a_speaker_in_each_channel(count: int, fits: set[str]) -> None:
    channels = [{"channel_number": 0, "speakers_count": count, "segments": []}]
    told = {"task": {"task_id": TASK, "state": "done"}, "result": {"channels": channels}, "error": None}
    headers = (("Content-Type", "application/json"),)
    look = Exchange(
        Request(method="GET", url=f"{POST.url}/{TASK}"),
        Answer(status=200, headers=headers, body=json.dumps(told).encode()),
    )
    assert {name for name in PROFILES if not broken(name, look)} == fits


def test_a_profile_is_known_by_its_own_name() -> None:
    assert all(name == profile.name for name, profile in PROFILES.items())
    assert {"3.5", "3.6", "3.7", "4.0", "5.0"} == set(PROFILES)
