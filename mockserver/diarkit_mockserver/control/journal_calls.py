"""Calls of the control API about one world's journal: read it in three forms, verify submissions, clear it."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request  # noqa: TC002 - the framework reads the types of arguments at run time
from starlette.responses import Response

from diarkit_contracts.exchanges.recording import HEAD, write_lines
from diarkit_mockserver.clock import let_others_run
from diarkit_mockserver.control.body import parse_body, read_text
from diarkit_mockserver.control.orders import Expectations
from diarkit_mockserver.control.server_calls import ThePlatform, TheWorld, accept_body
from diarkit_mockserver.journal.export import write_entries, write_har
from diarkit_mockserver.journal.verification import Verdict, verify_journal

if TYPE_CHECKING:
    from diarkit_mockserver.journal.journal import Entry
    from diarkit_mockserver.world.platform import Platform
    from diarkit_mockserver.world.world import World

router = APIRouter(tags=["journal"])

MOST: Final = 1000
"""Exchanges in one answer: a few megabytes at the most, in most cases."""

FORMS: Final[dict[str, Any]] = {
    "description": "The exchanges, the oldest first: a recording for `diarkit verify --recording`, in each of the forms. HAR is for"
    " the tools of browsers too, NDJSON has one exchange in a line",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": [*HEAD, "total", "now", "epoch", "connections", "entries"],
                "properties": {
                    **{name: {"const": value} for name, value in HEAD.items()},
                    "total": {"type": "integer", "description": "Exchanges ever, also those that are no longer kept"},
                    "now": {"type": "integer", "description": "Time of the world, in microseconds"},
                    "epoch": {"type": "integer", "description": "The date at 0, in seconds since 1970 UTC"},
                    "connections": {
                        "type": "array",
                        "items": {"type": "integer"},
                        "description": "Which of the clients' connections are open now",
                    },
                    "entries": {"type": "array", "items": {"type": "object"}},
                },
            }
        },
        "application/x-ndjson": {"schema": {"type": "string"}},
    },
}


@router.get("/journal", responses={200: FORMS})
async def read_journal(  # noqa: PLR0913, PLR0917 - one for each query parameter
    world: TheWorld,
    platform: ThePlatform,
    since: Annotated[int, Query(ge=0, description="Only exchanges with a higher number")] = 0,
    limit: Annotated[int, Query(ge=0, le=MOST, description="The first so many of them")] = MOST,
    task: Annotated[str | None, Query(description="Only exchanges about this task")] = None,
    format: Annotated[Literal["json", "ndjson", "har"], Query()] = "json",  # noqa: A002 - the parameter's name
    reveal: Annotated[bool, Query(description="Tell the values of all headers and parameters")] = False,  # noqa: FBT002
) -> Response:
    """Tell what was asked of the world and what it answered. Values that may be secrets are not told unless asked for."""
    entries, epoch = _choose(world, since, limit, task), world.clock.epoch
    if format == "har":
        return _write_json(write_har(entries, epoch, reveal=reveal))
    written = write_entries(entries, epoch, reveal=reveal)
    if format == "ndjson":
        return Response("".join(write_lines(written)), media_type="application/x-ndjson")
    return _write_json(
        {
            **HEAD,
            "total": world.journal.total,
            "now": world.clock.now(),
            "epoch": epoch,
            "connections": await _list_connections(platform, world),
            "entries": list(written),
        }
    )


@router.delete("/journal", status_code=204)
async def clear_journal(world: TheWorld) -> None:
    """Forget the exchanges; the next ones are numbered on. Tasks, rules and time stay as they are."""
    world.journal.clear()


@router.post("/journal/verify", openapi_extra=accept_body("Expectations"))
async def verify(request: Request, world: TheWorld) -> Verdict:
    """Say whether the client made the submissions that were expected, and which came near."""
    expected = parse_body(Expectations, await read_text(request)).expected
    return verify_journal(world.journal, expected, seed=world.scenario.seed, clock=world.clock)


def _choose(world: World, since: int, limit: int, task: str | None) -> list[Entry]:
    chosen = (entry for entry in world.journal if entry.number > since and task in (None, entry.task_id))
    return list(islice(chosen, limit))


async def _list_connections(platform: Platform, world: World) -> list[int]:
    # The end of a connection may have arrived together with this request, and be handled after it.
    await let_others_run(3)
    return sorted(platform.list_connections() & {entry.connection for entry in world.journal})


def _write_json(value: object) -> Response:
    # ASCII, as a client may have sent half a surrogate pair.
    return Response(json.dumps(value, separators=(",", ":")), media_type="application/json")
