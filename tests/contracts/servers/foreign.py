"""A platform that is not ours: written with Starlette, with texts and habits of its own. It knows the guide, and nothing of the kit's fake."""

from __future__ import annotations

import io
import json
import uuid
import wave
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

VERSION = "5.1.3"
START = "/api/technology/speaker-diarization"

TEXTS: dict[str, tuple[int, str, int]] = {
    "form": (415, "This endpoint eats forms only.", 1001),
    "file": (400, "Where is your recording?", 1002),
    "text": (400, "A recording is a file, '{value}' is a text.", 1003),
    "json": (400, "config can't be parsed.", 1004),
    "object": (422, "config has to be an object.", 1005),
    "whole": (400, "{name} has to be a whole number, {value} is none.", 1006),
    "low": (400, "{name} begins with 1, {value} is less.", 1007),
    "both": (400, "Decide: at most, or exactly.", 1008),
    "mode": (400, "I can split and mix, not {value}.", 1009),
    "channels": (400, "List channels as 0,1 and not as {value}.", 1010),
    "time": (400, "{name}={value}: not a time.", 1011),
    "past": (400, "{name}={value}: before the beginning.", 1012),
    "id": (400, "{value} was never given to anybody.", 1013),
    "gone": (404, "Task {value} is not here (any more).", 1014),
    "path": (404, "Nobody lives at {value}.", 1015),
    "method": (405, "You can't {value} here.", 1016),
    "undecodable": (0, "I hear nothing in this file.", 2001),
    "beyond": (0, "There is no channel {value} in it.", 2002),
    "reversed": (0, "It ends at {value}, before it begins.", 2003),
    "after": (0, "It is over before {value}.", 2004),
}
"""Status, message and code of each of its errors; 0 for those of a task."""

TYPES = {
    400: "request.invalid",
    404: "resource.not-found",
    405: "method.invalid",
    415: "request.invalid",
    422: "request.validation-error",
}

HEADERS = {
    "Server": "Kestrel/7",
    "Cache-Control": "no-store",
    "Vary": "Accept-Encoding",
    "Content-Language": "cs",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Strict-Transport-Security": "max-age=60",
    "X-Powered-By": "otters",
    "X-API-Version": "7",
}


class RefusedError(Exception):
    """A request is refused, or a task ends badly."""

    def __init__(self, key: str, value: object = "", name: str = "") -> None:
        self.status, text, self.code = TEXTS[key]
        self.message = text.format(value=value, name=name)


class Foreign:
    """The platform, with its tasks."""

    def __init__(self) -> None:
        self.tasks: dict[str, dict[str, Any]] = {}
        routes = [
            Route(START, self.start, methods=["POST", "GET", "PUT", "DELETE"]),
            Route(START + "/{task}", self.look, methods=["POST", "GET", "PUT", "DELETE"]),
            Route("/api/system/info", self.tell_version),
            Route("/api/system/status", self.tell_status),
            Route("/{rest:path}", self.lose),
        ]
        self.application = Starlette(routes=routes)

    async def start(self, request: Request) -> Response:
        """Take an upload in."""
        if request.method != "POST":
            return refuse(RefusedError("method", request.method), Allow="POST, OPTIONS")
        try:
            recording, config = await read_form(request)
            limits = read_config(config)
            query = read_query(dict(request.query_params))
        except RefusedError as refused:
            return refuse(refused)
        task = str(uuid.uuid4())
        try:
            self.tasks[task] = {"polls": 0, "result": diarize(recording, limits, query), "error": None}
        except RefusedError as refused:
            error = {"type": "internal", "message": refused.message, "detail": [], "code": refused.code}
            self.tasks[task] = {"polls": 0, "result": None, "error": error}
        path = f"{START}/{task}"
        body = {"task": {"task_id": task, "state": "running"}, "result": None, "error": None}
        return answer(202, body, **{"X-Location": path, "Location": path})

    async def look(self, request: Request) -> Response:
        """Tell how a task is."""
        if request.method != "GET":
            return refuse(RefusedError("method", request.method), Allow="GET, OPTIONS")
        asked = request.path_params["task"]
        try:
            uuid.UUID(asked)
        except ValueError:
            return refuse(RefusedError("id", asked))
        task = self.tasks.get(asked)
        if task is None:
            return refuse(RefusedError("gone", asked))
        task["polls"] += 1
        if task["polls"] == 1:
            return answer(200, {"task": {"task_id": asked, "state": "running"}})
        if task["error"] is not None:
            return answer(200, {"task": {"task_id": asked, "state": "failed"}, "error": task["error"]})
        return answer(200, {"task": {"task_id": asked, "state": "done"}, "result": task["result"]})

    async def tell_version(self, _: Request) -> Response:
        """Tell the version, and more."""
        return answer(200, {"version": VERSION, "edition": "otter"})

    async def tell_status(self, _: Request) -> Response:
        """Tell that all is well."""
        return answer(200, {"status": "swimming"})

    async def lose(self, request: Request) -> Response:
        """Answer a path that there is not."""
        return refuse(RefusedError("path", request.url.path))


async def read_form(request: Request) -> tuple[bytes, str | None]:
    """Read the two parts of a form."""
    body = await request.body()
    boundary = request.headers.get("content-type", "").partition("boundary=")[2].strip('"').encode()
    if not boundary or not body.rstrip().endswith(b"--" + boundary + b"--"):
        raise RefusedError("form")
    async with request.form() as form:
        file, config = form.get("file"), form.get("config")
        if file is None:
            raise RefusedError("file")
        if isinstance(file, str):
            raise RefusedError("text", file)
        return await file.read(), config if isinstance(config, str) else None


def read_config(text: str | None) -> dict[str, int]:
    """Read the limits."""
    try:
        config = {} if text is None else json.loads(text)
    except ValueError:
        raise RefusedError("json") from None
    if not isinstance(config, dict):
        raise RefusedError("object")
    limits = {key: config[key] for key in ("max_speakers", "total_speakers") if key in config}
    for key, limit in limits.items():
        if not isinstance(limit, int):
            raise RefusedError("whole", limit, key)
        if limit < 1:
            raise RefusedError("low", limit, key)
    if len(limits) == 2:
        raise RefusedError("both")
    return limits


def read_query(query: dict[str, str]) -> dict[str, str]:
    """Check the query."""
    if (mode := query.get("channel_mode", "split")) not in ("split", "mix"):
        raise RefusedError("mode", mode)
    channels = query.get("channels", "")
    if channels and not all(each.isdigit() for each in channels.split(",")):
        raise RefusedError("channels", channels)
    for name in ("range_from", "range_to"):
        if name in query:
            try:
                seconds = float(query[name])
            except ValueError:
                raise RefusedError("time", query[name], name) from None
            if seconds < 0:
                raise RefusedError("past", query[name], name)
    return query


def diarize(recording: bytes, limits: dict[str, int], query: dict[str, str]) -> dict[str, Any]:
    """Let one speaker talk all the time in each channel; more of them only if they are asked for."""
    try:
        with wave.open(io.BytesIO(recording)) as opened:
            count, length = opened.getnchannels(), opened.getnframes() / opened.getframerate()
    except (wave.Error, EOFError):
        raise RefusedError("undecodable") from None
    numbers = (
        sorted(int(each) for each in query["channels"].split(",")) if query.get("channels") else list(range(count))
    )
    for number in numbers:
        if number >= count:
            raise RefusedError("beyond", number)
    start = float(query.get("range_from", 0))
    if "range_to" in query and float(query["range_to"]) <= start:
        raise RefusedError("reversed", query["range_to"])
    if start and start >= length:
        raise RefusedError("after", query["range_from"])
    end = min(float(query.get("range_to", length)), length) - start
    numbers = [0] if query.get("channel_mode") == "mix" else numbers
    speakers = limits.get("total_speakers", 1)
    turn = int(end / speakers * 100) / 100
    segments = [
        {"speaker_id": 1 + at, "start_time": shorten(at * turn), "end_time": shorten((at + 1) * turn)}
        for at in range(speakers if end >= 0.8 else 0)
    ]
    return {
        "channels": [
            {"channel_number": each, "speakers_count": len(segments), "segments": segments} for each in numbers
        ]
    }


def shorten(seconds: float) -> float | int:
    """Write a whole number of seconds as one."""
    rounded = round(seconds, 2)
    return int(rounded) if rounded.is_integer() else rounded


def refuse(refused: RefusedError, **headers: str) -> Response:
    """Refuse a request."""
    body = {"type": TYPES[refused.status], "code": refused.code, "message": refused.message, "detail": None}
    return answer(refused.status, body, **headers)


def answer(status: int, body: object, **headers: str) -> Response:
    """Answer with JSON that has blanks in it."""
    own = {**HEADERS, "Content-Type": "application/json; charset=utf-8", **headers}
    return Response(json.dumps(body), status, own)
