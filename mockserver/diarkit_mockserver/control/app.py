"""The table of calls as a FastAPI application: authorization, form of errors, OpenAPI description.

It runs in the server's event loop, one call at a time, so no locks are needed.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args

from fastapi import FastAPI, Query
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from diarkit_fixtures.texts.read import TextError, decode_text, make_yaml
from diarkit_mockserver.clock import let_others_run
from diarkit_mockserver.control.call import SOURCE, Bounds, Call, decide_on, parse_body
from diarkit_mockserver.control.calls import TABLE
from diarkit_mockserver.control.guard import OPEN, check_caller, has_token, refuse_token
from diarkit_mockserver.control.orders import FaultList
from diarkit_mockserver.control.problem import ControlError, refuse, refuse_flaws, refuse_text, refuse_unknown
from diarkit_mockserver.control.views import Flawed, Problem
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.scenario.plain import write_plain
from diarkit_mockserver.scenario.schema import IN_OPENAPI, IN_SCHEMA, list_schemas, move_references

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from diarkit_mockserver.world.platform import Platform

PROBLEM_TYPE: Final = "application/problem+json"

LARGEST_BODY: Final = 1 << 20
"""Bytes; a scenario with three hours of speech, a turn every two seconds, takes 400,000."""

MOST_VALUES: Final = 50_000
"""Values in a body, estimated by commas, colons and line ends; three such hours have 44,000. Processing steps that can't be
interrupted, such as freeing them, block other clients for less than 50 ms."""

AS_IN_FILE: Final = (Scenario, FaultList)
"""Answers in the form of the scenario file, without defaults."""

QUERY: Final = (*dict.fromkeys(one.name for call in TABLE for one in call.parameters), "world", "format")

TEXT: Final = """Controls the fake itself, in addition to the platform API that it imitates.

A world is an isolated platform. All calls except those on worlds take `?world=NAME`; the default is the world at the root. Three
separate operations: reset a world, clear its journal, clear its faults."""


def create_control(platform: Platform) -> ASGIApp:
    """Make the application for a platform, to be mounted under `CONTROL`."""
    app = FastAPIOffline(
        title="diarkit control",
        version=version("diarkit"),
        description=TEXT,
        redirect_slashes=False,
        responses={
            "4XX": {
                "description": "A refusal, with what was expected, what came, and advice",
                "content": {PROBLEM_TYPE: {"schema": {"$ref": f"{IN_OPENAPI}Problem"}}},
            }
        },
    )
    reading = asyncio.Semaphore(1)  # limits the memory of bodies
    for call in TABLE:
        _add_route(app, platform, call, reading)
    for kind in (ControlError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, _answer_error)
    _describe_bodies(app, platform)
    return _guard(app, platform)


def _add_route(app: FastAPI, platform: Platform, call: Call[..., Any], reading: asyncio.Semaphore) -> None:
    """Add a route: FastAPI only parses its query and describes it."""

    async def answer(request: Request, *, world: str = "", format: str = "json", **arguments: Any) -> Response:  # noqa: A002 - the parameter's name
        for name in request.query_params:
            # Otherwise a typo would select the default world.
            if name not in QUERY:
                raise refuse(422, "query-invalid", refuse_unknown("query parameter", name, QUERY).problem.detail)
        is_guarded = call.guarded is not None and arguments[call.guarded]
        if is_guarded and not has_token(request.scope["headers"], platform.reveal_token):
            raise refuse_token()
        body = None
        if call.body is not None:
            await decide_on(platform, lambda view: call.find(view, world), world)
            data, is_json = await _read_body(request), "json" in request.headers.get("content-type", "json")
            # In a thread, as a large one takes a second; the loop still runs every few milliseconds.
            async with reading:
                body = await asyncio.to_thread(_parse, call.body, data, world, is_json=is_json)
        # The end of a connection may have arrived with this request, and be handled after it.
        await let_others_run(3)
        run: Callable[[Platform], Any] = lambda view: call.run(view, world, arguments, body)  # noqa: E731 - may run more than once
        value = run(platform) if call.path == "/health" else await decide_on(platform, run, world)
        if value is None:
            return Response(status_code=call.status)
        form = call.forms.get(format)
        # The value does not change meanwhile, as it is immutable or a copy.
        content = await asyncio.to_thread(_write if form is None else form.write, value)
        headers = {"location": value.path} if call.status == HTTPStatus.CREATED else None
        return Response(content, call.status, headers, "application/json" if form is None else form.kind)

    answer.__name__, answer.__doc__ = call.handle.__name__, inspect.getdoc(call.handle)
    answer.__signature__ = inspect.Signature(_list_parameters(call))  # type: ignore[attr-defined] # which FastAPI reads
    schema = call.answer in AS_IN_FILE
    content = {form.kind: {"schema": {"type": "string"}} for form in call.forms.values() if "ndjson" in form.kind}
    described: dict[str, Any] = {"content": content} if content else {}
    if schema:
        described = {
            "description": "As in the scenario file, without defaults",
            "content": {"application/json": {"schema": {"$ref": IN_OPENAPI + call.answer.__name__}}},
        }
    app.add_api_route(
        call.path,
        answer,
        methods=[call.method],
        status_code=call.status,
        tags=[call.tag],
        response_model=None if schema else call.answer,
        responses={call.status: described} if described else None,
        openapi_extra=None if call.body is None else _describe_body(call.body),
    )


def _list_parameters(call: Call[..., Any]) -> list[inspect.Parameter]:
    """List the parameters that FastAPI parses: the call's arguments, its world, its format."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    listed = [inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Request)]
    for one in call.parameters:
        annotation = one.annotation
        for bounds in get_args(annotation):
            if isinstance(bounds, Bounds):
                query = Query(ge=bounds.least, le=bounds.most, description=bounds.text)
                annotation = Annotated[get_args(annotation)[0], query]
        listed.append(one.replace(kind=keyword, annotation=annotation))
    if not call.about_server:
        listed.append(inspect.Parameter("world", keyword, default="", annotation=str))
    if call.forms:
        forms: Any = Literal[("json", *call.forms)]
        listed.append(inspect.Parameter("format", keyword, default="json", annotation=forms))
    return listed


async def _read_body(request: Request) -> bytes:
    """Read the body, or raise a ControlError with 413 if it is too large."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > LARGEST_BODY:
            raise refuse(413, "body-too-large", f"expected at most {LARGEST_BODY} bytes")
    return bytes(data)


def _parse(cls: type[Any], data: bytes, world: str, *, is_json: bool) -> object:
    """Parse a body; 413 for too many values, 422 with positions if it is not UTF-8 or invalid."""
    if sum(map(data.count, (b",", b":", b"\n"))) > MOST_VALUES:
        raise refuse(413, "body-too-large", f"expected at most {MOST_VALUES} values")
    try:
        text = decode_text(data, source=SOURCE)
    except TextError as error:
        raise refuse_text(error) from None
    # The garbage collector would block all threads for half a second at a time to scan new objects.
    collects = gc.isenabled()
    gc.disable()
    try:
        return parse_body(cls, make_yaml(text) if is_json else text, world)
    except ControlError as error:
        error.__context__ = None  # its frames reference everything that was parsed
        raise
    finally:
        if collects:
            gc.enable()


def _write(value: object) -> str:
    # ASCII, as a client may have sent a lone surrogate.
    plain = write_plain(value) if isinstance(value, AS_IN_FILE) else value
    return json.dumps(plain, default=_list_values, separators=(",", ":"))


def _list_values(value: Any) -> dict[str, object]:
    return {one.name: getattr(value, one.name) for one in fields(value)}


async def _answer_error(request: Request, error: Exception) -> Response:
    """Answer all errors in the same form, also those of the framework."""
    headers = None
    match error:
        case ControlError():
            refusal = error
        case HTTPException():
            kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
            documents = f"{request.scope.get('root_path', '')}/docs"
            detail = f"{request.method} {request.url.path}: {error.detail}; see {documents}"
            refusal, headers = refuse(error.status_code, kind, detail), error.headers
        case RequestValidationError():
            found: Sequence[Any] = error.errors()
            flaws = [
                Flawed(detail=f"{one['msg']}, got {one['input']!r:.60}", source=str(one["loc"][-1])) for one in found
            ]
            refusal = refuse_flaws(flaws, "query-invalid")
        case _:
            refusal = refuse(500, "internal-error", f"{type(error).__name__}: {error}")
    return _write_problem(refusal, headers)


def _write_problem(error: ControlError, headers: Mapping[str, str] | None = None) -> Response:
    problem = error.problem
    headers = {"www-authenticate": "Bearer"} if problem.status == HTTPStatus.UNAUTHORIZED else headers
    return Response(json.dumps(write_plain(problem)), problem.status, headers, PROBLEM_TYPE)


def _guard(app: ASGIApp, platform: Platform) -> ASGIApp:
    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        needed = platform.control_token is not None
        refusal = check_caller(path, scope["headers"], platform.reveal_token, needed=needed)
        answer = app if refusal is None else _write_problem(refusal)
        await answer(scope, receive, send)

    return guarded


def _describe_body(body: type) -> dict[str, object]:
    """Describe a body that is not parsed by FastAPI; a scenario may also be sent as YAML."""
    kinds = ("application/json", "application/yaml") if body is Scenario else ("application/json",)
    content = {kind: {"schema": {"$ref": IN_OPENAPI + body.__name__}} for kind in kinds}
    return {"requestBody": {"required": True, "content": content}}


def _describe_bodies(app: FastAPI, platform: Platform) -> None:
    """Add the schemas of bodies that are not parsed by FastAPI to the description."""
    generate = app.openapi
    sent = [call.body for call in TABLE if call.body is not None]

    def describe() -> dict[str, Any]:
        document = generate()
        components = document.setdefault("components", {})
        if "Scenario" not in components.setdefault("schemas", {}):
            components["schemas"] |= move_references(list_schemas(*sent, Problem), IN_SCHEMA, IN_OPENAPI)
            if platform.control_token is not None:
                components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
                document["security"] = [{"token": []}]
                for path in sorted(OPEN):
                    document["paths"][path]["get"]["security"] = []
        return document

    app.openapi = describe  # type: ignore[method-assign] # the way that FastAPI's documentation shows
