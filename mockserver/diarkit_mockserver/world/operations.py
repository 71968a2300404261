"""The platform's operations inside one world."""

from __future__ import annotations

import logging
import re
import uuid
from typing import Final
from urllib.parse import urlsplit

from diarkit_contracts.api.words import fill_text
from diarkit_mockserver.intake.parameters import KNOWN_CONFIG, decode_config, read_parameters
from diarkit_mockserver.intake.refusals import Condition, refuse
from diarkit_mockserver.intake.request import ENDPOINT, Request
from diarkit_mockserver.intake.submission import Submission
from diarkit_mockserver.intake.upload import ReadUpload, UploadReader
from diarkit_mockserver.world.ids import name_poll
from diarkit_mockserver.world.limits import OF_EVERY_REQUEST, OF_FILES, OF_UPLOADS, check_limits
from diarkit_mockserver.world.place import Place
from diarkit_mockserver.world.task import Task
from diarkit_mockserver.world.visit import Visit
from diarkit_mockserver.world.wire import JSON, Response, dump
from diarkit_mockserver.world.world import World

log = logging.getLogger("diarkit")

TASKS: Final = ENDPOINT + "/"
UUID: Final = re.compile(r"(?:urn:uuid:|\{)?[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?", re.IGNORECASE | re.ASCII)
"""Forms of a task id; Python's own reader also takes 0x, underscores and other digits."""
INFO: Final = "/api/system/info"
STATUS: Final = "/api/system/status"


def answer_operation(
    visit: Visit, place: Place, upload: UploadReader | ReadUpload | None, external_url: str | None
) -> Response:
    """Answer one request.

    Args:
        visit: of the request.
        place: its destination.
        upload: the complete body of a POST to `ENDPOINT`.
        external_url: base URL for `X-Location`, instead of the one used by the client.

    Raises:
        Refusal: for every error answer.
    """
    world = place.world
    if place.path == ENDPOINT:
        _allow(visit, "POST")
        check_limits(OF_UPLOADS, world, visit)
        assert upload is not None  # noqa: S101 - such a request is an upload
        submission = read_submission(visit, upload)
        check_limits(OF_FILES, world, visit, submission.size)
        return write_start(visit, place, world.accept(submission, visit), external_url)
    if place.path.startswith(TASKS):
        text = place.path[len(TASKS) :]
        if "/" not in text and text:
            _allow(visit, "GET")
            check_limits(OF_EVERY_REQUEST, world, visit)
            return _poll(visit, world, text)
    if place.path in {INFO, STATUS}:
        _allow(visit, "GET")
        check_limits(OF_EVERY_REQUEST, world, visit)
        world.look_around(visit)
        profile = world.profile
        if place.path == STATUS:
            text = str(profile["status_body"])  # UNK: the reference shows no body
            return Response(200, text.encode(), (JSON,) if text else ())
        text = str(profile["info_body"]) or dump({"version": "{version}"})
        return Response(200, fill_text(text, {"version": str(profile["version"])}).encode(), (JSON,))
    # UNK whether such a request counts for the rate limit: here it does not, like one with a wrong method.
    raise refuse(Condition.PATH_UNKNOWN, reason=f"the platform has no path {place.path}")


def read_submission(visit: Visit, reader: UploadReader | ReadUpload) -> Submission:
    """Read and record the submission of an upload, or raise a Refusal."""
    try:
        upload = reader.close()
    finally:
        visit.ignored_parts = reader.ignored
        _note_ignored("parts of the form", reader.ignored, visit)
    visit.brought = f"{upload.sha256} {upload.filename} {upload.config}"
    visit.config_size = len(upload.config or "")
    config = None if upload.config is None else decode_config(upload.config)
    parameters = read_parameters(visit.request.query, config)
    if config:
        visit.ignored_keys = tuple(sorted(set(config).difference(KNOWN_CONFIG)))
        if _note_ignored("config keys", visit.ignored_keys, visit):
            log.warning("%s: %s", upload.filename, visit.notes[-1])
    return Submission(
        filename=upload.filename,
        sha256=upload.sha256,
        size=upload.size,
        media=upload.media,
        parameters=parameters,
        config=config,
        asked=visit.request,
        first_bytes=upload.first_bytes,
    )


def write_start(visit: Visit, place: Place, task: Task, external_url: str | None) -> Response:
    """Write the 202 of a task; arguments as for `answer_operation`."""
    log.debug("%s: task %s, rule %s", task.filename, task.task_id, visit.rule)
    acceptance = place.world.acceptance
    base = find_base(visit.request, place, external_url, relative=acceptance.location == "relative")
    url = f"{base}{ENDPOINT}/{task.task_id}".encode("latin-1", "replace")
    return acceptance.write(task.task_id, url)


def find_base(request: Request, place: Place, external_url: str | None, *, relative: bool) -> str:
    """Return the base URL for addresses returned to a client."""
    base = urlsplit(external_url).path if external_url and relative else external_url
    return ((request.prefix if relative else request.base_url) if base is None else base) + place.prefix


def _poll(visit: Visit, world: World, text: str) -> Response:
    task_id = text if text in world.tasks else _read_id(text)
    task, progress, state = world.look(task_id, visit)
    return Response(200, world.write(task, progress, state), (JSON,), name_poll(task_id, progress.polls))


def _read_id(text: str) -> str:
    """Parse a task id in any form of a UUID (INF: a path parameter of that type)."""
    if UUID.fullmatch(text) is None:
        raise refuse(Condition.TASK_ID_SYNTAX, ("path", "task_id"), came=text)
    return str(uuid.UUID(text))


def _allow(visit: Visit, method: str) -> None:
    request = visit.request
    if request.method != method:
        raise refuse(Condition.METHOD_WRONG, reason=f"{request.path} answers {method}", headers=(("allow", method),))


def _note_ignored(what: str, ignored: tuple[str, ...], visit: Visit) -> bool:
    if ignored:
        visit.notes += (f"{what} that the platform does not know are ignored: {', '.join(ignored)}",)
    return bool(ignored)
