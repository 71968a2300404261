from __future__ import annotations

import pytest

from diarkit_fixtures.texts.read import Problem
from diarkit_mockserver.control.problem import (
    ControlError,
    RefusedError,
    UnknownError,
    refuse,
    refuse_flaws,
    refuse_text,
    refuse_unknown,
)
from diarkit_mockserver.control.views import Flawed
from diarkit_mockserver.errors import FakeError
from diarkit_mockserver.scenario.load import ScenarioError
from diarkit_mockserver.scenario.plain import write_plain


def test_a_problem_has_the_members_of_rfc_9457_and_no_empty_ones() -> None:
    assert write_plain(refuse(409, "world-exists", "There is one.").problem) == {
        "type": "urn:diarkit:problem:world-exists",
        "title": "World exists",
        "status": 409,
        "detail": "There is one.",
    }


def test_each_flaw_is_told_with_its_place_if_it_has_one() -> None:
    flaws = [Flawed(detail="a", source="body", line=1, column=2), Flawed(detail="b", source="limit")]
    problem = refuse_flaws(flaws).problem
    assert problem.detail == "body:1:2: a\nlimit: b"
    assert [write_plain(one) for one in problem.errors] == [
        {"detail": "a", "source": "body", "line": 1, "column": 2},
        {"detail": "b", "source": "limit"},
    ]


@pytest.mark.parametrize(("came", "end"), [("telefone", "'telefone'; did you mean telephone?"), ("x", "no world 'x'")])
def test_an_unknown_name_is_answered_with_the_nearest(came: str, end: str) -> None:
    assert refuse_unknown("world", came, ["telephone", "meeting"]).problem.detail.endswith(end)


@pytest.mark.parametrize(
    ("status", "leaf", "also"),
    [
        (404, UnknownError, KeyError),
        (409, RefusedError, ValueError),
        (413, RefusedError, ValueError),
        (422, RefusedError, ValueError),
        (401, ControlError, FakeError),
        (500, ControlError, FakeError),
    ],
)
def test_a_refusal_is_an_error_of_its_kind(status: int, leaf: type[ControlError], also: type[Exception]) -> None:
    error = refuse(status, "some-kind", "What is wrong.")
    assert type(error) is leaf
    assert isinstance(error, also)
    assert str(error) == "Some kind: What is wrong."


def test_the_problems_of_a_text_are_taken_over() -> None:
    error = ScenarioError([Problem("body", 1, 2, "a"), Problem("body", 3, 4, "b")])
    assert list(map(str, refuse_text(error).problem.errors)) == str(error).splitlines()
