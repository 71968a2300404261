"""The platform's routes: which request is which operation of which world, and its answer. Knows no sockets and no framework."""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from diarkit_contracts.states import TaskState
from diarkit_mockserver.parameters import KNOWN_CONFIG, decode_config, read_parameters
from diarkit_mockserver.refusals import Condition, Refusal, refuse
from diarkit_mockserver.submission import Submission
from diarkit_mockserver.upload import UploadReader
from diarkit_mockserver.wire import JSON, Headers, Response, write_accepted, write_refusal
from diarkit_mockserver.world import World, make_id

if TYPE_CHECKING:
    from diarkit_mockserver.request import Request

log = logging.getLogger("diarkit")

ENDPOINT: Final = "/api/technology/speaker-diarization"
INFO: Final = "/api/system/info"
STATUS: Final = "/api/system/status"
WORLDS: Final = "/worlds/"
PLATFORM_VERSION: Final = "3.6.0"

LARGEST_FILE: Final = 500_000_000
"""DOC (limits page, singleFileUploadSize): 500 MB. Whether MB or MiB is UNK."""


@dataclass(frozen=True, slots=True)
class Place:
    """A world, and the path that is left inside it.

    Attributes:
        world: that the request goes to.
        prefix: of this world's paths; empty for the default world.
        path: inside the world, as the platform knows it.
    """

    world: World
    prefix: str
    path: str


class Platform:
    """All worlds of one server.

    Args:
        world: the default one, at the root.
        external_url: the address to name in `X-Location`, instead of the one that the client used.
        largest_file: bytes; larger uploads are refused.
    """

    def __init__(self, world: World, *, external_url: str | None = None, largest_file: int = LARGEST_FILE) -> None:
        self.world = world
        self.worlds: dict[str, World] = {}
        self._external_url = external_url.rstrip("/") if external_url else None
        self._largest_file = largest_file

    def find_place(self, path: str) -> Place | None:
        """Find the world that a path leads into; None if there is no such world."""
        if not path.startswith(WORLDS):
            return Place(self.world, "", path)
        name, slash, rest = path[len(WORLDS) :].partition("/")
        world = self.worlds.get(name)
        return None if world is None else Place(world, f"{WORLDS}{name}", slash + rest)

    def is_upload(self, request: Request) -> bool:
        """Whether the body of this request is worth reading."""
        return request.method == "POST" and request.path.endswith(ENDPOINT)

    def read_upload(self, request: Request) -> UploadReader:
        """Make the reader for the body of an upload."""
        place = self.find_place(request.path)
        scenario = (self.world if place is None else place.world).scenario
        return UploadReader(
            request.headers.get("content-type", ""), largest_file=self._largest_file, assumed=scenario.media
        )

    def answer(self, request: Request, upload: UploadReader | None = None) -> Response | None:
        """Answer one request.

        Args:
            request: its head.
            upload: its body, read to the end, if `is_upload`.

        Returns:
            None for a path that is not the platform's.
        """
        place = self.find_place(request.path)
        try:
            if place is None:
                raise refuse(Condition.NOT_FOUND, reason=f"no world has the path {request.path}")
            response = self._route(request, place, upload)
        except Refusal as refusal:
            log.info("%s %s: %s", request.method, request.path, refusal)
            response = write_refusal(refusal)
        if response is None or place is None:
            return response
        return replace(response, headers=response.headers + _name_request(request, place.world, response))

    def _route(self, request: Request, place: Place, upload: UploadReader | None) -> Response | None:
        if place.path == ENDPOINT:
            _allow(request, "POST")
            return self._submit(request, place, upload)
        if place.path.startswith(ENDPOINT + "/"):
            task_id = place.path[len(ENDPOINT) + 1 :]
            if "/" not in task_id and task_id:
                _allow(request, "GET")
                return _poll(place.world, task_id)
        if place.path == INFO:
            _allow(request, "GET")
            return Response(200, f'{{"version":"{PLATFORM_VERSION}"}}'.encode(), (JSON,))
        if place.path == STATUS:
            _allow(request, "GET")
            return Response(200, b"")  # UNK: the reference shows no body
        return None

    def _submit(self, request: Request, place: Place, reader: UploadReader | None) -> Response:
        if reader is None:
            reader = self.read_upload(request)
        upload = reader.close()
        config = None if upload.config is None else decode_config(upload.config)
        query = request.query
        parameters = read_parameters(query, config)
        ignored = sorted(set(config or {}).difference(KNOWN_CONFIG))
        if ignored:
            log.warning(
                "%s: config keys that the platform does not know are ignored: %s", upload.filename, ", ".join(ignored)
            )
        task = place.world.accept(
            Submission(
                filename=upload.filename,
                sha256=upload.sha256,
                size=upload.size,
                media=upload.media,
                parameters=parameters,
                config=config,
                query=query,
                headers=request.headers,
            )
        )
        path = f"{place.prefix}{ENDPOINT}/{task.task_id}"
        if place.world.scenario.dialect.x_location == "absolute":
            path = (self._external_url or request.base_url) + path
        # INF: the reference's example of a 202 says pending, and nothing is processed at once.
        body = write_accepted(task.task_id, TaskState.PENDING)
        return Response(202, body, (JSON, (b"x-location", path.encode("latin-1", "replace"))), task.task_id)


def _poll(world: World, text: str) -> Response:
    try:
        task_id = str(uuid.UUID(text))
    except ValueError:
        raise refuse(Condition.TASK_ID_SYNTAX, ("path", "task_id"), came=text) from None
    task, state = world.look(task_id)
    return Response(200, world.write(task, state), (JSON,), f"{task_id} {task.polls}")


def _allow(request: Request, method: str) -> None:
    if request.method != method:
        raise refuse(Condition.METHOD_WRONG, reason=f"{request.path} answers {method}", allow=method)


def _name_request(request: Request, world: World, response: Response) -> Headers:
    """Echo the ids of the request, or make them (DOC: generated if not provided; INF: told in the response)."""
    trace = response.trace or f"{request.method} {request.path} {response.status}"
    return tuple(
        (
            name.encode(),
            (request.headers.get(name) or make_id(name, world.scenario.seed, world.name, trace)).encode(
                "latin-1", "replace"
            ),
        )
        for name in ("x-request-id", "x-correlation-id")
    )
