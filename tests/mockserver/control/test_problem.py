from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI

from diarkit_fixtures.texts.read import Problem
from diarkit_mockserver.control.problem import (
    ProblemError,
    answer_problems,
    list_flaws,
    refuse_flaws,
    refuse_unknown,
    write_problem,
)
from diarkit_mockserver.control.views import Flawed
from diarkit_mockserver.scenario.load import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def ask() -> Callable[..., tuple[int, str, Any]]:
    """Call an application that raises something, and return status, media type and body."""

    def run(error: Exception) -> tuple[int, str, Any]:
        app = FastAPI()
        answer_problems(app)

        @app.get("/")
        async def fail() -> None:
            raise error

        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"", "app": app}
        with contextlib.suppress(RuntimeError):  # a bug is told to the client, and raised again for the log
            asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
        start = sent[0]
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return start["status"], headers["content-type"], json.loads(sent[1]["body"])

    return run


def test_a_problem_has_the_members_of_rfc_9457_and_no_empty_ones() -> None:
    told = json.loads(bytes(write_problem(ProblemError(409, "world-exists", "There is one.").problem).body))
    assert told == {
        "type": "urn:diarkit:problem:world-exists",
        "title": "World exists",
        "status": 409,
        "detail": "There is one.",
    }


def test_each_flaw_is_told_with_its_place_if_it_has_one() -> None:
    flaws = [Flawed(detail="a", source="body", line=1, column=2), Flawed(detail="b", source="limit")]
    problem = refuse_flaws(flaws).problem
    assert problem.detail == "body:1:2: a\nlimit: b"
    assert json.loads(bytes(write_problem(problem).body))["errors"] == [
        {"detail": "a", "source": "body", "line": 1, "column": 2},
        {"detail": "b", "source": "limit"},
    ]


@pytest.mark.parametrize(("came", "end"), [("telefone", "'telefone'; did you mean telephone?"), ("x", "no world 'x'")])
def test_an_unknown_name_is_answered_with_the_nearest(came: str, end: str) -> None:
    assert refuse_unknown("world", came, ["telephone", "meeting"]).problem.detail.endswith(end)


@pytest.mark.parametrize(
    ("error", "status", "detail"),
    [
        (ProblemError(418, "teapot", "Short and stout."), 418, "Short and stout."),
        (ScenarioError([Problem("body", 3, 4, "wrong")]), 422, "body:3:4: wrong"),
        (RuntimeError("a bug"), 500, "RuntimeError: a bug"),
    ],
)
def test_whatever_is_raised_is_answered_in_the_same_form(
    ask: Callable[..., tuple[int, str, Any]], error: Exception, status: int, detail: str
) -> None:
    got, kind, told = ask(error)
    assert (got, kind, told["status"], told["detail"]) == (status, "application/problem+json", status, detail)


def test_the_problems_of_a_text_are_taken_over() -> None:
    error = ScenarioError([Problem("body", 1, 2, "a"), Problem("body", 3, 4, "b")])
    assert list(map(str, list_flaws(error))) == str(error).splitlines()
