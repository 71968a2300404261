from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from diarkit_contracts.api.evidence import Label, Severity
from diarkit_contracts.api.points import GENERATIONS, INFO, POINTS, RESULT, START, USUAL, Cell, Point, find_served

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Told:
    """An answer, as a point sees it."""

    operation: str = START
    status: int = 202
    mistake: str = ""
    body: Mapping[str, object] = field(default_factory=dict[str, object])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    said: str = ""

    @property
    def text(self) -> str:
        return self.said or json.dumps(self.body)

    def header(self, name: str) -> str | None:
        return self.headers.get(name)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.key)
def test_each_cell_holds_an_allowed_value_and_says_where_it_is_from(point: Point) -> None:
    assert set(point.cells) == set(GENERATIONS)
    for cell in point.cells.values():
        assert not point.allowed or cell.value in point.allowed
        assert len(cell.source) > 5


def test_keys_are_unique_and_the_usual_generation_is_a_column() -> None:
    assert len({point.key for point in POINTS}) == len(POINTS)
    assert USUAL in GENERATIONS


def test_a_generation_that_no_fake_can_be_of_is_refused_with_what_is_known_of_it() -> None:
    assert find_served("3.7") == "3.7"
    with pytest.raises(
        ValueError,
        match=r"expected a profile: 3\.6, 3\.7 or 5\.0, got '3\.5' \(3\.5\.0-dev\.2, a preview: .*never served",
    ):
        find_served("3.5")
    with pytest.raises(ValueError, match=r"got '9'$"):
        find_served("9")


@pytest.mark.parametrize(
    ("label", "own", "severity"),
    [
        (Label.DOC, None, Severity.ERROR), (Label.INF, None, Severity.WARNING), (Label.UNK, None, Severity.WARNING),
        (Label.DOC, Severity.WARNING, Severity.WARNING),
    ],
)  # fmt: skip
def test_a_cell_is_as_bad_to_break_as_it_is_well_known(label: Label, own: Severity | None, severity: Severity) -> None:
    assert Cell("sent", label, "a page", own).evidence.severity is severity


ABSOLUTE = {"X-Location": "http://x/api"}
TASK = {"task": {"state": "running"}}


def of_channels(*numbers: int) -> Mapping[str, object]:
    return {"result": {"channels": [{"channel_number": number, "segments": []} for number in numbers]}}


def speak(*segments: tuple[int, float, float], **query: str) -> Told:
    """Make the answer of a task with segments in one channel."""
    told = [{"speaker_id": speaker, "start_time": start, "end_time": end} for speaker, start, end in segments]
    body = {"result": {"channels": [{"channel_number": 0, "segments": told}]}}
    return Told(operation=RESULT, status=200, body=body, query=query)


@pytest.mark.parametrize(
    ("key", "told", "value"),
    [
        ("location", Told(headers={"Location": "/api"}), "sent"),
        ("location", Told(headers=ABSOLUTE), "absent"),
        ("location", Told(status=400), None),
        ("x_location", Told(headers=ABSOLUTE), "absolute"),
        ("x_location", Told(headers={"X-Location": "/api"}), "relative"),
        ("x_location", Told(), "absent"),
        ("x_location", Told(status=400), None),
        ("rate_limit", Told(status=429), "declared"),
        ("rate_limit", Told(), None),
        ("get_validation", Told(operation=RESULT, status=422), "declared"),
        ("get_validation", Told(status=422), None),
        ("cancelled", Told(operation=RESULT, status=200, body={"task": {"state": "cancelled"}}), "known"),
        ("cancelled", Told(operation=RESULT, status=200, body=TASK), None),
        ("unpopulated", Told(operation=RESULT, status=200, body={**TASK, "result": None, "error": None}), "null"),
        ("unpopulated", Told(operation=RESULT, status=200, body=TASK), "absent"),
        ("unpopulated", Told(operation=RESULT, status=404), None),
        ("bad_task_id", Told(operation=RESULT, status=404, mistake="bad_task_id"), 404),
        ("bad_task_id", Told(operation=RESULT, status=404), None),
        ("bad_task_id", Told(operation=RESULT, status=500, mistake="bad_task_id"), None),
        ("bad_mode", Told(status=400, mistake="bad_mode"), 400),
        ("bad_mode", Told(status=400, mistake="bad_channels"), None),
        ("bad_mode_body", Told(status=400, mistake="bad_mode", said="no"), "no"),
        ("bad_mode_body", Told(mistake="bad_mode", said="taken"), None),
        ("bad_mode_body", Told(status=400, said="no"), None),
        ("info_body", Told(operation=INFO, status=200, said="{}"), "{}"),
        ("info_body", Told(operation=INFO, status=400, said="{}"), None),
        ("undecodable", Told(operation=RESULT, status=200, mistake="undecodable", body={"task": {"state": "failed"}}), "failed"),
        ("undecodable", Told(operation=RESULT, status=200, mistake="undecodable", body=TASK), None),
        ("undecodable_error", Told(operation=RESULT, status=200, mistake="undecodable", body={"error": {"type": "x"}}), '{"type":"x"}'),
        ("undecodable_error", Told(operation=RESULT, status=200, mistake="undecodable", body={"error": None}), None),
        ("server", Told(body=TASK, headers={"Server": "nginx"}), "nginx"),
        ("server", Told(body=TASK), ""),
        ("server", Told(said="no JSON"), None),
        ("allow", Told(operation="", status=405, headers={"Allow": "GET"}), "GET"),
        ("allow", Told(), None),
        ("request_id", Told(headers={"X-Request-ID": "1"}), "sent"),
        ("request_id", Told(), "absent"),
        ("request_id", Told(operation=""), None),
        ("spacing", Told(body=TASK), "spaced"),
        ("spacing", Told(body=TASK, said='{"task":{}}'), "compact"),
        ("spacing", Told(status=400, body=TASK), None),
        ("accepted_unpopulated", Told(body={**TASK, "result": None, "error": None}), "null"),
        ("accepted_unpopulated", Told(body=TASK), "absent"),
        ("accepted_unpopulated", Told(), None),
        ("first_state", Told(body=TASK), "running"),
        ("first_state", Told(body={"task": "x"}), None),
        ("whole_seconds", Told(operation=RESULT, said='{"end_time":2.0}'), "decimal"),
        ("whole_seconds", Told(operation=RESULT, said='{"end_time":2}'), "integer"),
        ("whole_seconds", Told(operation=RESULT, said='{"end_time":2.5}'), None),
        ("first_speaker", speak((1, 0.0, 1.0)), 1),
        ("first_speaker", speak(), None),
        ("channel_order", Told(operation=RESULT, query={"channels": "1,0"}, body=of_channels(0, 1)), "sorted"),
        ("channel_order", Told(operation=RESULT, query={"channels": "1,0"}, body=of_channels(1, 0)), "asked"),
        ("channel_order", Told(operation=RESULT, query={"channels": "0,1"}, body=of_channels(0, 1)), None),
        ("channel_order", Told(operation=RESULT, query={"channels": "1,0"}, body=of_channels(0)), None),
        ("times", speak((0, 0.2, 1.0), range_from="0.4"), "range"),
        ("times", speak((0, 0.4, 3.5), range_from="0.4", range_to="3.6"), "file"),
        ("times", speak((0, 0.5, 1.0), range_from="0.4", range_to="3.6"), None),
        ("times", speak((0, 0.0, 1.0)), None),
        ("times", speak((0, 0.0, 1.0), range_from="soon"), None),
        ("version", Told(operation=INFO, status=200, body={"version": "5.0.0"}), "5.0.0"),
        ("version", Told(), None),
        ("times", Told(), None),
    ],
)  # fmt: skip
def test_a_point_is_read_off_an_answer(key: str, told: Told, value: object) -> None:
    (point,) = (each for each in POINTS if each.key == key)
    assert point.find_value(told) == value


@pytest.mark.parametrize(
    "body", [{"task": 1}, {"result": 1}, {"result": {"channels": [{"segments": None}]}}, {"error": 1}]
)
def test_a_body_of_another_shape_shows_nothing_and_breaks_nothing(body: dict[str, object]) -> None:
    for operation in (START, RESULT, INFO):
        for point in POINTS:
            point.find_value(Told(operation=operation, status=200, body=body, query={"range_from": "1"}))
