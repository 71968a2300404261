"""The proxy between client and live platform: forwarding, and replacing or breaking answers by rules and faults.

    head --rule or fault by the head--> answered here, not forwarded
      `----------------------------> forwarded --> the platform's answer --> recorded unchanged
                                                                       `--> replaced, broken or passed on

Tasks of the fake itself, created by rules, are answered by their world.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final
from urllib.parse import quote

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Loss, Lost
from diarkit_contracts.exchanges.exchange import Request as Sent
from diarkit_contracts.exchanges.history import find_value, read_object
from diarkit_contracts.exchanges.redaction import Redaction, list_secrets
from diarkit_contracts.target.client import UnreachableError
from diarkit_contracts.target.pace import Clock, SystemClock
from diarkit_mockserver.forward.live import Live, find_path, write_back, write_onward
from diarkit_mockserver.forward.relay import Relay
from diarkit_mockserver.intake.parameters import NO_PARAMETERS, read_parameters
from diarkit_mockserver.intake.refusals import Condition, Refusal, refuse
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.intake.submission import MediaFacts, Submission
from diarkit_mockserver.intake.upload import UploadReader
from diarkit_mockserver.scenario.faults import Fault
from diarkit_mockserver.world.breakage import break_answer
from diarkit_mockserver.world.limits import OF_EVERY_REQUEST, OF_UPLOADS, check_limits
from diarkit_mockserver.world.operations import INFO, STATUS, find_base, read_submission
from diarkit_mockserver.world.place import Place
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.visit import Visit
from diarkit_mockserver.world.wire import PHRASES, Response, dump, write_task

MOST_TASKS: Final = 10_000
"""Limit of the platform's tasks whose faults are remembered."""

SAFE: Final = "/:@!$&'()*+,;=~-._"


@dataclass(slots=True)
class LiveTask:
    """A task of the platform that was started through the proxy."""

    submission: Submission
    faults: Sequence[Fault]
    polls: int = 0


class Gateway:
    """Forwards requests to a live platform; `see` receives each exchange with it, redacted."""

    def __init__(
        self, platform: Platform, live: Live, see: Callable[[Exchange], None], clock: Clock | None = None
    ) -> None:
        self._platform = platform
        self._live = live
        self._see = see
        self._clock = clock or SystemClock()
        self._tasks: OrderedDict[tuple[str, str], LiveTask] = OrderedDict()

    def take(
        self, visit: Visit, place: Place | None, drained: Callable[[], None], *, has_body: bool
    ) -> Response | Relay | None:
        """Decide how to handle a request by its head; `drained` is called when more of its body can be accepted.

        Returns an answer without the platform, the forwarded request, or None if the world answers itself.
        """
        if place is None or _read_task_id(place) in place.world.tasks:
            return None
        platform, is_upload = self._platform, self._platform.is_upload(visit, place)
        if is_upload and (early := platform.refuse_early(visit, place)) is not None:
            return early
        try:
            check_limits(OF_UPLOADS if is_upload else OF_EVERY_REQUEST, place.world, visit)
            head = _read_head(visit)
            if is_upload and place.world.choose_by_head(head, visit):
                return None
            if place.world.schedule:
                self._meet_by_head(visit, place, head, is_upload=is_upload)
        except Refusal as refusal:
            return platform.refuse(visit, place, refusal)
        reader = None
        if is_upload:  # the platform enforces its own size limit
            kind, assumed = visit.request.headers.get("content-type", ""), place.world.scenario.media
            reader = UploadReader(kind, largest_file=None, assumed=assumed)
        relay = Relay(reader, drained, has_body=has_body)
        relay.answering = asyncio.get_running_loop().create_task(self._forward(visit, place, relay))
        return relay

    async def close(self) -> None:
        """Close the connections to the platform."""
        await self._live.close()

    def _meet_by_head(self, visit: Visit, place: Place, head: Submission, *, is_upload: bool) -> None:
        """Apply faults that depend only on the head; may raise a Refusal."""
        world, request = place.world, visit.request
        if is_upload:
            if not world.schedule.needs_body:
                world.meet_faults("submit", head, f"{request.query_string} {visit.follows}", visit)
        elif place.path in {INFO, STATUS}:
            world.look_around(visit)
        elif task_id := _read_task_id(place):
            task = self._tasks.get((place.prefix, task_id)) or LiveTask(head, [])
            task.polls += 1
            if any(fault.task == "lost" for fault in task.faults):
                raise refuse(Condition.TASK_UNKNOWN, reason=f"fault task:lost: no task {task_id}")
            world.meet_faults("poll", task.submission, f"{task_id} {task.polls}", visit)

    async def _forward(self, visit: Visit, place: Place, relay: Relay) -> Response:
        """Forward a request, and return its answer."""
        request, way = visit.request, self._live.way
        target = quote(place.path, safe=SAFE) + (f"?{request.query_string}" if request.query_string else "")
        sent_at, visit.secrets = self._clock.now(), way.secrets
        answer: Answer | Lost
        gone: Refusal | None = None
        try:
            answer = await self._live.send(
                request.method, target, write_onward(request, self._live.host, way), relay if relay.has_body else None
            )
        except UnreachableError as error:
            answer, gone = error.lost, self._explain(error)
        submission = self._read_upload(visit, relay)
        seen = Exchange(
            Sent(
                method=request.method,
                url=way.url + target,
                headers=request.pairs,
                parts=visit.parts,
                is_body_known=visit.parts is not None or not relay.has_body,
                sent_at=sent_at,
            ),
            replace(answer, received_at=self._clock.now()),
        )
        self._see(Redaction((*list_secrets(request.pairs), *way.secrets)).strike(seen))
        try:
            if gone is not None:
                raise gone
            return self._shape(visit, place, answer, submission)
        except Refusal as refusal:
            return self._platform.refuse(visit, place, refusal)

    def _read_upload(self, visit: Visit, relay: Relay) -> Submission | None:
        """Read a complete upload; if the fake would refuse it, this is only noted."""
        if relay.reader is None or not relay.is_whole:
            return None
        try:
            visit.submission = read_submission(visit, relay.reader)
        except Refusal as refusal:
            visit.notes += (f"the fake would have refused it: {refusal.reason}",)
        visit.parts = relay.reader.describe()
        return visit.submission

    def _shape(self, visit: Visit, place: Place, answer: Answer | Lost, submission: Submission | None) -> Response:
        """Apply rules and faults to the platform's answer; may raise a Refusal."""
        world, body = place.world, answer.body
        if self._platform.is_upload(visit, place):
            if submission is not None:
                key, rule = world.meet(submission, visit)
                if rule is not None:
                    return self._platform.start(visit, place, world.start(submission, visit, key, rule))
            submission = submission or _read_head(visit)
            faults = world.meet_faults("submit", submission, f"{submission.sha256} {visit.follows}", visit)
            self._note_start(visit, place, body, submission, faults)
        elif (task_id := _read_task_id(place)) and visit.request.method == "GET":
            visit.task_id = task_id
            body = self._note_look(visit, place, body)
        lead = partial(self._lead, visit, place)
        return self._platform.pass_on(visit, place, Response(answer.status, body, write_back(answer, lead)))

    def _lead(self, visit: Visit, place: Place, url: str) -> str:
        """Rewrite a URL of the platform to one of the proxy."""
        path = find_path(url, self._live.host, self._live.prefix)
        if path is None:
            return url
        return find_base(visit.request, place, self._platform.external_url, relative=url.startswith("/")) + path

    def _note_start(
        self, visit: Visit, place: Place, body: bytes, submission: Submission, faults: Sequence[Fault]
    ) -> None:
        reported = read_object(body)
        task_id = find_value(reported, "task", "task_id")
        if isinstance(task_id, str):
            visit.task_id, visit.state = task_id, _read_state(reported)
            self._tasks[place.prefix, task_id.lower()] = LiveTask(submission, faults)
            if len(self._tasks) > MOST_TASKS:
                self._tasks.popitem(last=False)

    def _note_look(self, visit: Visit, place: Place, body: bytes) -> bytes:
        """Record the reported state of a poll, and apply the faults of its task."""
        reported = read_object(body)
        visit.state = _read_state(reported)
        task = self._tasks.get((place.prefix, visit.task_id or ""))
        if task is None:
            return body
        for fault in task.faults:
            if fault.task == "stuck" and visit.state is not None and visit.state is not TaskState.PENDING:
                visit.state = TaskState.RUNNING
                nulls = place.world.profile["unpopulated"] == "null"
                body = write_task(visit.task_id or "", visit.state, result=None, error=None, nulls=nulls)
            elif (
                fault.result is not None
                and visit.state is TaskState.DONE
                and isinstance(find_value(reported, "result"), dict)
            ):
                body = break_answer(body, fault.result, task.submission.media.length)
        return body

    def _explain(self, error: UnreachableError) -> Refusal:
        """Make the refusal for a missing answer."""
        status = 504 if error.lost.kind is Loss.TOO_SLOW else 502
        reason = Redaction(self._live.way.secrets).strike_text(f"diarkit proxy: {error}")
        problem = {"type": "about:blank", "title": PHRASES[status], "status": status, "detail": reason}
        return Refusal(status, reason=reason, foreign=(dump(problem).encode(), "application/problem+json"))


def _read_task_id(place: Place) -> str:
    """Return the task id of a path; empty for other paths."""
    return place.path.removeprefix(f"{ENDPOINT}/").lower() if place.path.startswith(f"{ENDPOINT}/") else ""


def _read_state(body: object) -> TaskState | None:
    reported = find_value(body, "task", "state")
    return TaskState(reported) if isinstance(reported, str) and reported in set(TaskState) else None


def _read_head(visit: Visit) -> Submission:
    """Read a submission from the head of a request; wrong parameters are left to the platform."""
    try:
        parameters = read_parameters(visit.request.query, None)
    except Refusal:
        parameters = NO_PARAMETERS
    return Submission(
        filename="",
        sha256="",
        size=0,
        media=MediaFacts(kind="unknown"),
        parameters=parameters,
        asked=visit.request,
        occurrence=0,  # unknown without the body
        upload=visit.upload,
    )
