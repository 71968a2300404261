"""The control API as an application of its own: who may ask, in which form refusals come, how it describes itself.

It runs in the server's event loop, one call at a time, so nothing here is locked. What the calls do is in the routers.
"""

from __future__ import annotations

import hmac
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from fastapi_offline import FastAPIOffline

from diarkit_mockserver.control.journal_calls import router as journal_router
from diarkit_mockserver.control.orders import Answers, Expectations, FaultList, Move, NewState, NewWorld
from diarkit_mockserver.control.problem import PROBLEM_TYPE, ProblemError, answer_problems, write_problem
from diarkit_mockserver.control.server_calls import router as server_router
from diarkit_mockserver.control.views import Problem
from diarkit_mockserver.control.world_calls import router as world_router
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.scenario.schema import IN_OPENAPI, IN_SCHEMA, list_schemas, move_references

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Receive, Scope, Send

    from diarkit_mockserver.world.platform import Platform

OPEN: Final = ("/health", "/ready")
"""Paths that need no token: those who start a server have to see that it answers."""

SENT: Final = (Scenario, NewWorld, Answers, FaultList, Expectations, Move, NewState)

TEXT: Final = """What a test or a person asks of the fake itself, beside the platform that it imitates.

A world is a platform of its own. All calls but those on worlds take `?world=NAME`; without it they mean the default world, at
the root. Three verbs, never mixed: reset a world, clear its journal, clear its faults."""


def create_control(platform: Platform) -> ASGIApp:
    """Make the application for the worlds of a platform; it is mounted under `CONTROL`."""
    app = FastAPIOffline(
        title="diarkit control",
        version=version("diarkit"),
        description=TEXT,
        redirect_slashes=False,
        responses={
            "4XX": {
                "description": "A refusal, with what was expected, what came, and what to do",
                "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
        },
    )
    app.state.platform = platform
    for router in (server_router, world_router, journal_router):
        app.include_router(router)
    answer_problems(app)
    _describe_bodies(app, platform)
    return _guard(app, platform)


def _guard(app: ASGIApp, platform: Platform) -> ASGIApp:
    """Ask for the token, if the platform has one."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        wanted = platform.control_token
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if wanted is not None and path not in OPEN and not _has_token(scope, wanted):
            text = "expected the header Authorization: Bearer TOKEN; TOKEN is what DIARKIT_CONTROL_TOKEN says where the server runs"
            refusal = ProblemError(401, "token-missing", text).problem
            await write_problem(refusal, {"www-authenticate": "Bearer"})(scope, receive, send)
            return
        await app(scope, receive, send)

    return guarded


def _has_token(scope: Scope, wanted: str) -> bool:
    sent = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    scheme, _, token = sent.partition(b" ")
    return scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), wanted.encode())


def _describe_bodies(app: FastAPI, platform: Platform) -> None:
    """Add to the application's description the schemas of what it reads by itself."""
    generate = app.openapi

    def describe() -> dict[str, Any]:
        document = generate()
        components = document.setdefault("components", {})
        if "Scenario" not in components.setdefault("schemas", {}):
            components["schemas"] |= move_references(list_schemas(*SENT, Problem), IN_SCHEMA, IN_OPENAPI)
            if platform.control_token is not None:
                components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
                document["security"] = [{"token": []}]
                for path in OPEN:
                    document["paths"][path]["get"]["security"] = []
        return document

    app.openapi = describe  # type: ignore[method-assign] # the way that FastAPI's documentation shows
