from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from diarkit_contracts.api.evidence import Label, Severity
from diarkit_contracts.api.points import GENERATIONS, INFO, POINTS, RESULT, START, USUAL, Cell, Point

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


@pytest.mark.parametrize(
    ("key", "told", "value"),
    [
        ("location", Told(headers={"Location": "/api"}), "sent"),
        ("location", Told(headers=ABSOLUTE), "absent"),
        ("location", Told(status=400), None),
        ("x_location", Told(headers=ABSOLUTE), "absolute"),
        ("x_location", Told(headers={"X-Location": "/api"}), "relative"),
        ("x_location", Told(), None),
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
        ("bad_config", Told(status=400, mistake="bad_config"), 400),
        ("version", Told(operation=INFO, status=200, body={"version": "5.0.0"}), "5.0.0"),
        ("version", Told(), None),
        ("times", Told(), None),
    ],
)  # fmt: skip
def test_a_point_is_read_off_an_answer(key: str, told: Told, value: object) -> None:
    (point,) = (each for each in POINTS if each.key == key)
    assert point.find_value(told) == value
