from __future__ import annotations

import json

import pytest

from diarkit_contracts.api.document import as_object, operations
from diarkit_contracts.api.evidence import Label, Severity
from diarkit_contracts.api.points import POINTS
from diarkit_contracts.api.profiles import DEFAULT, PROFILES, choose_profile
from diarkit_contracts.clauses import shape, task
from diarkit_contracts.clauses.catalogue import list_clauses
from diarkit_contracts.clauses.clause import judge
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request
from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.runs.verify import verify_recording

OF_TASKS = list_clauses(task)

CLAUSES = list_clauses(shape)

POST = Request(method="POST", url="http://stub/api/technology/speaker-diarization")
TASK = "0a1b2c3d-0000-4000-8000-00000000000f"
URL = f"/api/technology/speaker-diarization/{TASK}"


def broken(profile: str, *exchanges: Exchange) -> dict[str, str]:
    verdict = verify_recording("", exchanges, PROFILES[profile])
    return {each.clause.id: each.severity.value for each in verdict.findings if each.clause in CLAUSES}


def accept(*headers: str) -> Exchange:
    told = (("Content-Type", "application/json"), *((name, URL) for name in headers))
    body = b'{"task": {"task_id": "%s", "state": "pending"}}' % TASK.encode()
    return Exchange(POST, Answer(status=202, headers=told, body=body))


def look(body: object, status: int = 200) -> Exchange:
    headers = (("Content-Type", "application/json"),)
    request = Request(method="GET", url=f"{POST.url}/{TASK}", sent_at=1.0)
    return Exchange(request, Answer(status=status, headers=headers, body=json.dumps(body).encode(), received_at=1.5))


def test_the_default_declares_what_the_document_declares() -> None:
    told = {
        f"{operation.method} {operation.path}": frozenset(map(int, as_object(operation.body["responses"], "")))
        for operation in operations()
    }
    assert DEFAULT.statuses == told


@pytest.mark.parametrize(
    ("profile", "status", "severity"),
    [
        ("3.6", 405, "error"), ("5.0", 405, None), ("3.6", 429, None), ("5.0", 429, "warning"),
        ("3.7", 405, "warning"), ("5.0", 500, "error"),
    ],
)  # fmt: skip
def test_a_generation_has_its_own_statuses_judged_as_well_as_they_are_known(
    profile: str, status: int, severity: str | None
) -> None:
    found = broken(profile, Exchange(POST, Answer(status=status)))
    assert found.get("shape.status") == severity


@pytest.mark.parametrize(
    ("profile", "first", "severity"),
    [
        ("3.5", "X-Location", "error"), ("3.6", "X-Location", "error"), ("3.7", "Location", "warning"),
        ("5.0", "Location", "warning"),
    ],
)  # fmt: skip
def test_the_header_that_a_generation_names_first_is_required_and_no_other(
    profile: str, first: str, severity: str
) -> None:
    (other,) = {"Location", "X-Location"} - {first}
    assert "shape.headers" not in broken(profile, accept(first))
    assert broken(profile, accept(other))["shape.headers"] == severity


def test_only_the_newest_generation_knows_a_cancelled_task() -> None:
    seen = look({"task": {"task_id": TASK, "state": "cancelled"}, "result": None, "error": None})
    assert broken("5.0", seen) == {}
    assert broken("3.6", seen) == {"shape.schema": "error"}


@pytest.mark.parametrize(("profile", "state", "lost"), [("5.0", "cancelled", False), ("5.0", "running", True), ("3.6", "cancelled", True)])  # fmt: skip
def test_a_task_that_was_cancelled_may_be_gone(profile: str, state: str, lost: bool) -> None:
    seen = look({"task": {"task_id": TASK, "state": state}})
    history = read_history([accept("X-Location", "Location"), seen, look({}, 404)], PROFILES[profile])
    assert ("task.is-found" in {clause.id for clause in OF_TASKS if judge(clause, history).broken}) is lost


@pytest.mark.parametrize(("count", "warned"), [(0, {"3.5"}), (1, set[str]())])
def test_only_the_oldest_generation_wants_a_speaker_in_each_channel_and_its_page_was_corrected(
    count: int, warned: set[str]
) -> None:
    channels = [{"channel_number": 0, "speakers_count": count, "segments": []}]
    seen = look({"task": {"task_id": TASK, "state": "done"}, "result": {"channels": channels}, "error": None})
    found = {name: broken(name, seen) for name in PROFILES}
    assert {name for name, each in found.items() if each == {"shape.schema": "warning"}} == warned
    assert not any(each for name, each in found.items() if name not in warned)


def test_a_finding_cites_the_cell_it_was_judged_by() -> None:
    (finding,) = (
        each for each in verify_recording("", [accept("X-Location")], PROFILES["5.0"]).findings
        if each.clause.id == "shape.headers"
    )  # fmt: skip
    assert (finding.evidence.label, finding.severity) == (Label.INF, Severity.WARNING)
    assert finding.evidence.source == PROFILES["5.0"].cells["location"].source


def test_faults_of_different_evidence_are_different_findings() -> None:
    found = verify_recording("", [look({}, 422), look({}, 500)], PROFILES["5.0"]).findings
    assert [each.severity.value for each in found if each.clause.id == "shape.status"] == ["error", "warning"]


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("3.5.0-dev.2", "3.5"), ("3.5.0", "3.6"), ("3.6.0", "3.6"), ("3.6.12", "3.6"), ("3.7.0", "3.7"), ("4.0.0-rc1", "3.7"),
        ("4.9", "3.7"), ("5.0.0", "5.0"), ("5.3.1", "5.0"), ("2026.1", "5.0"), ("2026.10.0", "5.0"),
        ("3.4.1", None), ("6.0.0", None), ("1.0", None), ("", None), ("latest", None),
    ],
)  # fmt: skip
def test_a_generation_is_chosen_by_version(version: str, name: str | None) -> None:
    chosen = choose_profile(version)
    assert (chosen and chosen.name) == name


def test_a_later_layer_counts_before_an_earlier_one() -> None:
    profile = PROFILES["5.0"].overlay({"bad_task_id": 422, "x_location": "relative"}, "a learned file")
    profile = profile.overlay({"bad_task_id": 400}, "the scenario's dialect")
    assert (profile["bad_task_id"], profile["x_location"], profile["location"]) == (400, "relative", "sent")
    assert profile.cells["bad_task_id"].source == "the scenario's dialect"
    assert 400 in profile.statuses["GET /api/technology/speaker-diarization/{task_id}"]


def test_a_profile_has_a_cell_for_each_point() -> None:
    assert list(PROFILES) == ["3.5", "3.6", "3.7", "5.0"]
    assert all(list(profile.cells) == [point.key for point in POINTS] for profile in PROFILES.values())
