"""Refusals of the control API: `application/problem+json` for all of them, whoever noticed first. Decides no refusal itself."""

from __future__ import annotations

import difflib
import json
from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from diarkit_mockserver.control.views import Flawed, Problem
from diarkit_mockserver.scenario.load import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fastapi import FastAPI
    from starlette.requests import Request

PROBLEM_TYPE: Final = "application/problem+json"
URN: Final = "urn:diarkit:problem:"


class ProblemError(Exception):
    """A request to the control API is refused."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        errors: Sequence[Flawed] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        title = kind.replace("-", " ").capitalize()
        self.problem = Problem(type=URN + kind, title=title, status=status, detail=detail, errors=tuple(errors))
        self.headers = headers


def write_problem(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Write a refusal."""
    body = asdict(problem)
    body["errors"] = [{key: value for key, value in one.items() if value != 0} for one in body["errors"]]
    if not problem.errors:
        del body["errors"]
    return Response(json.dumps(body), problem.status, dict(headers or {}), PROBLEM_TYPE)


def refuse_flaws(flaws: Sequence[Flawed]) -> ProblemError:
    """Refuse a body with all that is wrong with it."""
    return ProblemError(422, "body-invalid", "\n".join(map(str, flaws)), errors=flaws)


def list_flaws(error: ScenarioError) -> tuple[Flawed, ...]:
    """Take over what is wrong with a text."""
    return tuple(Flawed(detail=one.text, source=one.source, line=one.line, column=one.column) for one in error.problems)


def refuse_unknown(what: str, came: str, known: Iterable[str]) -> ProblemError:
    """Refuse a name that nothing has, and name the nearest one."""
    near = difflib.get_close_matches(came[:60], list(known), n=1)
    advice = f"; did you mean {near[0]}?" if near else ""
    return ProblemError(404, f"{what}-unknown", f"there is no {what} {came!r:.120}{advice}")


def answer_problems(app: FastAPI) -> None:
    """Let an application answer in this one form also what its framework refuses."""

    async def answer_own(_: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)  # noqa: S101 - registered for these only
        return write_problem(error.problem, error.headers)

    async def answer_flaws(_: Request, error: Exception) -> Response:
        assert isinstance(error, ScenarioError)  # noqa: S101
        return write_problem(refuse_flaws(list_flaws(error)).problem)

    async def answer_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        phrase = HTTPStatus(error.status_code).phrase
        detail = f"{request.method} {request.url.path}: {error.detail}; see {request.scope.get('root_path', '')}/docs"
        kind = phrase.lower().replace(" ", "-")
        return write_problem(ProblemError(error.status_code, kind, detail).problem, error.headers)

    async def answer_validation(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        found: Sequence[Any] = error.errors()
        flaws = [Flawed(detail=f"{one['msg']}, got {one['input']!r:.60}", source=str(one["loc"][-1])) for one in found]
        detail = "\n".join(map(str, flaws))
        return write_problem(ProblemError(422, "query-invalid", detail, errors=flaws).problem)

    async def answer_bug(_: Request, error: Exception) -> Response:
        return write_problem(ProblemError(500, "internal-error", f"{type(error).__name__}: {error}").problem)

    app.add_exception_handler(ProblemError, answer_own)
    app.add_exception_handler(ScenarioError, answer_flaws)
    app.add_exception_handler(HTTPException, answer_http)
    app.add_exception_handler(RequestValidationError, answer_validation)
    app.add_exception_handler(Exception, answer_bug)
