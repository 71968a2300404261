"""The worlds of one server, and the way of a request through one of them: limits, operation, faults, journal. Knows no sockets.

The file is long, as the way is one.
"""

from __future__ import annotations

import logging
import re
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from diarkit_contracts.exchanges.exchange import Loss
from diarkit_mockserver.intake.refusals import Condition, Refusal, refuse
from diarkit_mockserver.intake.request import ENDPOINT, Headers
from diarkit_mockserver.intake.upload import UploadReader
from diarkit_mockserver.journal.journal import Entry
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.world.disturb import damage, draw_pause, lose
from diarkit_mockserver.world.limits import LIMITS, check_limits
from diarkit_mockserver.world.operations import answer_operation, write_start
from diarkit_mockserver.world.place import Place
from diarkit_mockserver.world.visit import Visit
from diarkit_mockserver.world.wire import Disturbance, Response, write_refusal
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.clock import Clock
    from diarkit_mockserver.intake.request import Request
    from diarkit_mockserver.intake.upload import ReadUpload
    from diarkit_mockserver.world.place import SharedPlatform
    from diarkit_mockserver.world.task import Task

log = logging.getLogger("diarkit")

WORLDS: Final = "/worlds/"
"""Prefix of all worlds but the default one. No path of the platform begins so."""

WORLD_NAME: Final = re.compile("[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,99}")
"""What stands in a path as it is; a name of dots would be taken for a way up."""


class Platform:
    """All worlds of one server.

    Args:
        world: the default one, at the root.
        external_url: the address to name in `X-Location`, instead of the one that the client used.
        refresh: called before each upload; makes the default world follow its scenario file, and returns the seconds after
            which it has to be called once more.
        nonce: what tells this server from others at the same address; drawn by default.
        control_token: that the control API asks for; None if it asks for none.
    """

    def __init__(
        self,
        world: World,
        *,
        external_url: str | None = None,
        refresh: Callable[[World], float] | None = None,
        nonce: str | None = None,
        control_token: str | None = None,
    ) -> None:
        self.world = world
        self.worlds: dict[str, World] = {}
        self.external_url = external_url.rstrip("/") if external_url else None
        self.nonce = nonce or secrets.token_hex(8)
        self.control_token = control_token
        self.reveal_token = control_token or secrets.token_urlsafe(18)
        """What asking for secrets needs, also where the control API asks for nothing else."""
        self.list_connections: Callable[[], frozenset[int]] = frozenset
        """Tells the numbers of the open connections, to be called in the server's loop; a server puts its own in."""
        self.on_exchange: Callable[[Entry, int], None] | None = None
        """Takes each entry as it is written down, with its world's epoch; who wants a log puts its writer in."""
        self.shared: SharedPlatform[Platform] | None = None
        """The platform of many processes that this one belongs to; None for one that is alone."""
        self._refresh = refresh

    def view(self, world: World, worlds: dict[str, World]) -> Platform:
        """Make one with other worlds, which nobody follows."""
        view = Platform.__new__(Platform)
        view.__dict__ |= self.__dict__ | {"world": world, "worlds": worlds, "on_exchange": None}
        return view

    def open_world(
        self, name: str, scenario: Scenario | None = None, clock: Clock | None = None, *, ids_from: str | None = None
    ) -> World:
        """Add a world.

        Args:
            name: its part of the path.
            scenario: what it is told.
            clock: its time; a running one by default.
            ids_from: what its ids follow from, instead of the name.

        Raises:
            ValueError: for a name that is taken or does not fit into a path, and for a scenario with an outage.
        """
        if WORLD_NAME.fullmatch(name) is None:
            raise ValueError(
                f"expected a name of letters, digits, '-', '_', '~' and '.', at most 100, got {name!r:.120}"
            )
        if name in self.worlds:
            raise ValueError(f"there is a world {name!r} already: drop it first, or choose another name")
        told = scenario or Scenario()
        if told.profile is None:  # of the generation that the server was started as
            told = replace(told, profile=self.world.scenario.profile)
        world = self.worlds[name] = World(ids_from or name, told, clock)
        return world

    def drop_world(self, name: str) -> None:
        """Take a world away; requests that come late get a 404.

        Raises:
            KeyError: for a world that is not there, and for the default one.
        """
        self.worlds.pop(name).clock.let_go()

    def reset_world(self, name: str) -> World:
        """Put a fresh world in the place of one.

        Args:
            name: empty for the default world.

        Raises:
            KeyError: for a world that is not there.
        """
        old = self.worlds[name] if name else self.world
        fresh = old.begin_again()
        if name:
            self.worlds[name] = fresh
        else:
            self.world = fresh
        old.clock.let_go()
        return fresh

    def find_place(self, path: str) -> Place | None:
        """Find the world that a path leads into; None if there is no such world."""
        if not path.startswith(WORLDS):
            return Place(self.world, "", path)
        name, slash, rest = path[len(WORLDS) :].partition("/")
        world = self.worlds.get(name)
        return None if world is None else Place(world, f"{WORLDS}{name}", slash + rest)

    def refresh(self, place: Place | None) -> float:
        """Let the world of an upload follow its scenario file.

        Returns:
            Seconds after which it has to be asked once more, before the upload goes on; 0 for none.
        """
        if self._refresh is None or place is None or place.world is not self.world or place.path != ENDPOINT:
            return 0.0
        return self._refresh(self.world)

    def begin(self, request: Request, place: Place | None, connection: int = 0) -> Visit:
        """Begin the way of a request.

        Args:
            request: its head.
            place: where it leads, as `find_place` says.
            connection: number of the client's connection, from 1.
        """
        world = self.world if place is None else place.world
        return Visit(request, connection, world.clock.now(), world.journal.total)

    def is_upload(self, visit: Visit, place: Place | None) -> bool:
        """Whether the body of this request is worth reading."""
        return visit.request.method == "POST" and place is not None and place.path == ENDPOINT

    def refuse_early(self, visit: Visit, place: Place | None) -> Response | None:
        """Answer an upload before its body, if a limit that the scenario names in `before_body` is exceeded."""
        if place is None or not (before := place.world.scenario.limits.before_body):
            return None
        length = visit.request.headers.get("content-length", "")
        rows = (row for row in LIMITS if row.name in before)
        try:
            check_limits(rows, place.world, visit, int(length) if length.isdecimal() else 0)
        except Refusal as refusal:
            return self._finish(visit, place, self._refuse(visit, place, refusal))
        return None

    def read_upload(self, visit: Visit, place: Place | None) -> UploadReader:
        """Make the reader for the body of an upload."""
        world = self.world if place is None else place.world
        scenario = world.scenario
        return UploadReader(
            visit.request.headers.get("content-type", ""),
            largest_file=scenario.limits.upload_bytes,
            assumed=scenario.media,
        )

    def answer(self, visit: Visit, place: Place | None, upload: UploadReader | ReadUpload | None = None) -> Response:
        """Answer a request.

        Args:
            visit: of the request.
            place: where it leads; None if there is no such world.
            upload: its body, read to the end, if `is_upload`.
        """
        try:
            if place is None:
                raise refuse(Condition.PATH_UNKNOWN, reason=f"no world has the path {visit.request.path}")
            response = answer_operation(visit, place, upload, self.external_url)
        except Refusal as refusal:
            response = self._refuse(visit, place, refusal)
        if upload is not None:
            visit.parts = upload.describe()
        return self._finish(visit, place, response)

    def give_up(self, visit: Visit, place: Place | None, reason: str) -> None:
        """Note a request that got no answer, as its client went away."""
        visit.notes += (reason,)
        self._write_down(visit, place, Response(0, b""), Loss.GIVEN_UP)

    def refuse(self, visit: Visit, place: Place | None, refusal: Refusal) -> Response:
        """Answer a request of which no more is read, or should be."""
        return self._finish(visit, place, self._refuse(visit, place, refusal))

    def _refuse(self, visit: Visit, place: Place | None, refusal: Refusal) -> Response:
        world = self.world if place is None else place.world
        refusal.settle(world.profile, visit.request.name_values(visit.task_id or ""))
        log.debug("%s %s: %s", visit.request.method, visit.request.path, refusal)
        visit.notes += (refusal.reason,)
        visit.limit = refusal.limit
        return write_refusal(refusal)

    def _finish(self, visit: Visit, place: Place | None, response: Response) -> Response:
        """Name an answer, give it its world's manner, and pass it on."""
        if place is not None:
            response.headers += _name_answer(visit, place, response)
            if (manner := place.world.manner) is not None:
                status, headers = response.status, response.headers
                response = Response(
                    status, manner.restyle(status, response.body), manner.dress(status, bool(response.body), headers)
                )
        return self.pass_on(visit, place, response)

    def pass_on(self, visit: Visit, place: Place | None, response: Response) -> Response:
        """Disturb an answer as its faults ask, and write it down."""
        if place is not None and visit.disturbing:
            response = _disturb(place.world, visit, response)
        self._write_down(visit, place, response)
        return response

    def start(self, visit: Visit, place: Place, task: Task) -> Response:
        """Answer an upload with the task that it became."""
        return self._finish(visit, place, write_start(visit, place, task, self.external_url))

    def _write_down(self, visit: Visit, place: Place | None, response: Response, lost: Loss | None = None) -> None:
        """Write an exchange into its world's journal; what leads into no world is the default world's, as all other wrong paths."""
        world = self.world if place is None else place.world
        disturbance = response.disturbance
        if disturbance is not None and disturbance.connection is not None:
            lost, response = lose(response, disturbance.connection)
        entry = world.journal.add(
            Entry(
                number=world.journal.total + 1,
                asked_at=visit.asked_at,
                answered_at=world.clock.now() + (0 if disturbance is None else disturbance.pause),
                connection=visit.connection,
                request=visit.request,
                submission=visit.submission,
                received=visit.received,
                status=response.status,
                headers=response.headers,
                body=response.body,
                task_id=visit.task_id,
                state=visit.state,
                rule=visit.rule,
                note="; ".join(visit.notes),
                follows=visit.follows,
                lost=lost,
                faults=visit.faults,
                limit=visit.limit,
                ignored_keys=visit.ignored_keys,
                ignored_parts=visit.ignored_parts,
                config_size=visit.config_size,
                parts=visit.parts,
                secrets=visit.secrets,
            )
        )
        if self.on_exchange is not None:
            self.on_exchange(entry, world.clock.epoch)


def find_name(path: str) -> str:
    """Find the name of the world that a path leads into, if there is one; empty for the default one."""
    return path[len(WORLDS) :].partition("/")[0] if path.startswith(WORLDS) else ""


def _disturb(world: World, visit: Visit, response: Response) -> Response:
    pause = 0
    connection, drip, outage = None, None, None
    for fault, draws in visit.disturbing:
        if fault.latency is not None:
            pause += draw_pause(fault.latency, draws)
        elif fault.body is not None:
            response = damage(response, fault.body, draws)
        connection, drip, outage = connection or fault.connection, drip or fault.drip, outage or fault.outage
    return replace(
        response,
        disturbance=Disturbance(clock=world.clock, pause=pause, connection=connection, drip=drip, outage=outage),
    )


def _name_answer(visit: Visit, place: Place, response: Response) -> Headers:
    """Echo the ids of the request, or make them (DOC: generated if not provided; INF: told in the response).

    The body is part of what they follow from, so that of two refused uploads that could not be read, whichever comes first,
    each kind of refusal has ids of its own.
    """
    request = visit.request
    if (made := response.ids) is None:
        asked = f"{request.method} {place.path}?{request.query_string} {visit.brought}"
        made = place.world.name_answer(f"{asked} {response.status} {response.body.decode('latin-1')}")
    request_id, correlation_id = request.find(b"x-request-id"), request.find(b"x-correlation-id")
    named = (
        (b"x-request-id", request_id or made[0].encode()),
        (b"x-correlation-id", correlation_id or made[1].encode()),
    )
    # A rule or a fault may have given one of them by hand.
    given = {name for name, _ in response.headers}
    return tuple(one for one in named if one[0] not in given)
