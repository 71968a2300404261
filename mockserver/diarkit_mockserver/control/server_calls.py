"""Calls of the control API about the server: whether it answers, which worlds it has, a world from the beginning."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response
from starlette.requests import Request  # noqa: TC002 - the framework reads the types of arguments at run time

from diarkit_mockserver.clock import Clock, ClockView
from diarkit_mockserver.control.body import parse_body, read_text, refuse_outages
from diarkit_mockserver.control.orders import NewWorld
from diarkit_mockserver.control.problem import ProblemError, refuse_unknown
from diarkit_mockserver.control.views import Ready, WorldView
from diarkit_mockserver.world.platform import WORLDS, Platform
from diarkit_mockserver.world.world import World

VERSION: Final = version("diarkit")

QUERY: Final = ("world", "since", "limit", "format", "reveal", "task")


def find_platform(request: Request) -> Platform:
    """Find what the calls are about; a query with other names than ours is refused, or a slip would mean the default world."""
    for name in request.query_params:
        if name not in QUERY:
            known = refuse_unknown("query parameter", name, QUERY).problem.detail
            raise ProblemError(422, "query-invalid", known)
    platform: Platform = request.app.state.platform
    return platform


async def get_platform(request: Request) -> Platform:
    """Find the platform, in the event loop."""
    return find_platform(request)


async def get_world(request: Request, world: str = "") -> World:
    """Find the world that a call names; the default one has the empty name."""
    platform = find_platform(request)
    found = platform.worlds.get(world) if world else platform.world
    if found is None:
        raise refuse_unknown("world", world, platform.worlds)
    return found


ThePlatform = Annotated[Platform, Depends(get_platform)]
TheWorld = Annotated[World, Depends(get_world)]

router = APIRouter(tags=["server"])


def accept_body(schema: str, *kinds: str) -> dict[str, object]:
    """Describe a body that a call reads by itself."""
    content = {kind: {"schema": {"$ref": f"#/components/schemas/{schema}"}} for kind in ("application/json", *kinds)}
    return {"requestBody": {"required": True, "content": content}}


def view_clock(world: World) -> ClockView:
    """Tell a world's time."""
    return ClockView(ticks=world.clock.now(), frozen=world.clock.frozen, epoch=world.clock.epoch)


def view_world(name: str, world: World) -> WorldView:
    """Tell a world in short."""
    return WorldView(
        name=name,
        path=f"{WORLDS}{name}" if name else "",
        seed=world.scenario.seed,
        clock=view_clock(world),
        tasks=len(world.tasks),
        exchanges=world.journal.total,
    )


@router.get("/health")
async def read_health() -> dict[str, str]:
    """Say that the server answers."""
    return {"status": "ok"}


@router.get("/ready")
async def read_ready(platform: ThePlatform) -> Ready:
    """Say which server it is that answers."""
    return Ready(nonce=platform.nonce, version=VERSION)


@router.get("/worlds")
async def list_worlds(platform: ThePlatform) -> list[WorldView]:
    """List all worlds, the default one first."""
    return [
        view_world("", platform.world),
        *(view_world(name, world) for name, world in platform.worlds.items()),
    ]


@router.post("/worlds", status_code=201, openapi_extra=accept_body("NewWorld"))
async def open_world(request: Request, response: Response, platform: ThePlatform) -> WorldView:
    """Make a world."""
    text = await read_text(request)
    new = parse_body(NewWorld, text, rules_in=("scenario",))
    if new.scenario is not None:
        refuse_outages(new.scenario.faults, text, "scenario")
    name = _make_name(platform) if new.name is None else new.name
    if name in platform.worlds:
        text = f"there is a world {name!r} already: drop it first, or choose another name"
        raise ProblemError(409, "world-exists", text)
    try:
        world = platform.open_world(
            name, new.scenario, Clock(frozen=new.frozen, epoch=new.epoch), ids_from=new.ids_from
        )
    except ValueError as error:
        raise ProblemError(422, "body-invalid", str(error)) from None
    view = view_world(name, world)
    response.headers["location"] = view.path
    return view


@router.delete("/worlds/{name}", status_code=204)
async def drop_world(name: str, platform: ThePlatform) -> None:
    """Take a world away, with all that is in it."""
    try:
        platform.drop_world(name)
    except KeyError:
        raise refuse_unknown("world", name, platform.worlds) from None


@router.post("/reset")
async def reset_world(_: TheWorld, platform: ThePlatform, world: str = "") -> WorldView:
    """Let a world begin again: scenario and kind of clock as at its creation, no tasks, no journal."""
    return view_world(world, platform.reset_world(world))


def _make_name(platform: Platform) -> str:
    number = 1
    while f"world-{number}" in platform.worlds:
        number += 1
    return f"world-{number}"
