"""Exchanges read as what they mean: tasks started, tasks looked at, and what was reported of them. Judges nothing.

An answer is read as far as it can be read: a body of the wrong shape gives None here and a finding elsewhere. It is
longer than others because the values and their reading follow one another; apart, each would repeat the other's rules.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import unquote
from uuid import UUID

from diarkit_contracts.api.document import operations
from diarkit_contracts.api.profiles import DEFAULT
from diarkit_contracts.api.result import SIZE, STRUCTURE, ResultFault, find_oversize, list_result_faults
from diarkit_contracts.api.states import TERMINAL, TaskState
from diarkit_contracts.api.strict_json import StrictJsonError, decode_json
from diarkit_contracts.exchanges.exchange import Answer, Lost

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from diarkit_contracts.api.document import Operation
    from diarkit_contracts.api.profiles import Profile
    from diarkit_contracts.exchanges.exchange import Exchange, Part, Request, Sound

START_PATH: Final = "/api/technology/speaker-diarization"
"""End of the path of POST; a server may have a prefix ahead of it."""


@dataclass(frozen=True, slots=True)
class SegmentTold:
    """A segment of an answer, in seconds."""

    speaker: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class ChannelTold:
    """A channel of an answer."""

    number: int
    speakers: int
    segments: tuple[SegmentTold, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A POST that asks for a task.

    Attributes:
        at: position of the exchange in the history.
        task_id: returned with 202; None for a refusal, or when no id can be read.
    """

    at: int
    exchange: Exchange
    task_id: str | None

    @property
    def accepted(self) -> bool:
        """Whether the server took it."""
        return self.exchange.answer.status == 202

    @property
    def file(self) -> Part | None:
        """The last part `file`, as a file or as text."""
        return self.find_part("file")

    @property
    def sound(self) -> Sound | None:
        """What is known of the sound in it; None if it is no recording that can be read."""
        return None if self.file is None else self.file.sound

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters of the URL."""
        return self.exchange.request.query

    @property
    def config(self) -> Mapping[str, object] | None:
        """The decoded part `config`; empty if there is none, None if it is no JSON object or unknown."""
        part = self.find_part("config")
        if part is None and self.knows_config:
            return {}
        return None if part is None else read_object((part.text or "").encode())

    @property
    def knows_config(self) -> bool:
        """Whether it is known what `config` was sent, or that none was; an empty one may count as none (UNK)."""
        part = self.find_part("config")
        return self.exchange.request.is_body_known if part is None else part.sha256 is not None and part.text != ""

    def find_part(self, name: str) -> Part | None:
        """Find the last part of that name."""
        return next((part for part in reversed(self.exchange.request.parts or ()) if part.name == name), None)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A GET that asks for a task.

    Attributes:
        at: position of the exchange in the history.
        asked: end of the path, in lower case.
        body: of a 200, if it is a JSON object.
        task_id: told, in lower case.
        state: told, if it is one of the life cycle.
        channels: of a result that fits its schema.
        faults: of the result, if there is one.
        start: the POST that the asked id came from, if it is in the history.
    """

    at: int
    exchange: Exchange
    asked: str
    body: Mapping[str, object] | None
    task_id: str | None
    state: TaskState | None
    channels: tuple[ChannelTold, ...] | None
    faults: tuple[ResultFault, ...]
    start: Start | None

    @property
    def is_uuid(self) -> bool:
        """Whether a UUID was asked for, in its usual form."""
        return is_uuid(self.asked)


@dataclass(frozen=True, slots=True)
class History:
    """Exchanges with one server.

    Attributes:
        exchanges: that were answered, in the order in which they were sent.
        starts: the POSTs among them.
        looks: the GETs of tasks among them.
        profile: the generation of the API that they are held against.
        lost: requests without a whole answer, in the order in which they were sent; they have no position.
        given_up: ids of tasks whose end the driver waited for in vain; None where nobody drove, as in a recording: there a request
            without an answer and a task without an end may be what was wanted.
        by_task: the looks answered with 200, by the id that was asked for.
    """

    exchanges: tuple[Exchange, ...]
    starts: tuple[Start, ...]
    looks: tuple[Look, ...]
    profile: Profile
    lost: tuple[Exchange, ...]
    by_task: Mapping[str, Sequence[Look]] = field(repr=False)
    given_up: frozenset[str] | None = None
    _decoded: dict[bytes, object] = field(repr=False, compare=False, default_factory=dict[bytes, object])

    def decode(self, body: bytes) -> object:
        """Decode the body of an answer strictly, each only once: treat what is returned as read-only.

        Returns:
            What it says; the error for what is no strict JSON.
        """
        if body not in self._decoded:
            try:
                self._decoded[body] = decode_json(body)
            except StrictJsonError as error:
                self._decoded[body] = error
        return self._decoded[body]

    def results(self) -> Iterator[tuple[Look, tuple[ChannelTold, ...]]]:
        """List the first readable result of each task."""
        for looks in self.by_task.values():
            for look in looks:
                if look.state is TaskState.DONE and look.channels is not None:
                    yield look, look.channels
                    break

    def known_results(self) -> Iterator[tuple[Look, Start, tuple[ChannelTold, ...]]]:
        """List those of them whose upload is known."""
        return ((look, look.start, channels) for look, channels in self.results() if look.start is not None)

    def find_cause(self, request: Request) -> object:
        """Find what a request is sent for, to be compared: the upload of the task that is asked for, or the request itself."""
        start = next((start for start in self.starts if start.task_id == find_task_id(request)), None)
        request = request if start is None else start.exchange.request
        return request.method, request.path, tuple(request.query.items()), request.parts

    def find_end(self, start: Start) -> Look | None:
        """Find the first answer that reported the end of a task."""
        looks = self.by_task.get(start.task_id or "", ())
        return next((look for look in looks if look.state in TERMINAL), None)


def read_history(
    exchanges: Iterable[Exchange], profile: Profile = DEFAULT, given_up: frozenset[str] | None = None
) -> History:
    """Read exchanges as one history.

    Args:
        exchanges: with one server, in the order in which they were sent.
        profile: the generation of the API.
        given_up: ids of tasks whose end the driver waited for in vain; None for exchanges that no driver of ours sent.
    """
    whole = tuple(exchanges)
    kept = tuple(exchange for exchange in whole if isinstance(exchange.answer, Answer))
    lost = tuple(exchange for exchange in whole if isinstance(exchange.answer, Lost))
    starts = tuple(_read_start(at, exchange) for at, exchange in enumerate(kept) if _is_start(exchange))
    by_id: dict[str, Start] = {}
    for start in starts:
        if start.task_id is not None:
            by_id.setdefault(start.task_id, start)
    told: dict[bytes, Look] = {}
    looks = tuple(_read_look(at, exchange, by_id, told) for at, exchange in enumerate(kept) if _is_look(exchange))
    by_task: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        if look.exchange.answer.status == 200:
            by_task[look.asked].append(look)
    return History(kept, starts, looks, profile, lost, MappingProxyType(dict(by_task)), given_up)


def find_operation(exchange: Exchange) -> Operation | None:
    """Find the operation of the document that was asked for; None for a path or method it does not have."""
    return _find_operation(exchange.request.method, exchange.request.path)


def match_path(template: str, path: str) -> bool:
    """Return whether a path ends like a path of the document."""
    return _compile(template).search(path) is not None


def find_task_id(request: Request) -> str:
    """Find the id at the end of the path of a look, in lower case."""
    return _read_path(request.path).rpartition("/")[2].lower()


def read_object(data: bytes | str) -> Mapping[str, object] | None:
    """Decode a JSON object as most clients do; None for what is none."""
    try:
        decoded: object = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, object]", decoded) if isinstance(decoded, dict) else None


def find_value(body: object, *keys: str) -> object:
    """Find a value in nested objects; None where one of the keys is not there."""
    for key in keys:
        if not isinstance(body, dict):
            return None
        body = cast("dict[str, object]", body).get(key)
    return body


def is_uuid(text: str) -> bool:
    """Return whether a text is a UUID in its usual form, 8-4-4-4-12."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


@lru_cache(1_024)
def _find_operation(method: str, path: str) -> Operation | None:
    path = _read_path(path) if method == "GET" else path
    return next((each for each in operations() if each.method == method and match_path(each.path, path)), None)


@cache
def _compile(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)) + "$")


def _is_start(exchange: Exchange) -> bool:
    return exchange.request.method == "POST" and exchange.request.path.endswith(START_PATH)


def _is_look(exchange: Exchange) -> bool:
    return exchange.request.method == "GET" and match_path(START_PATH + "/{task_id}", _read_path(exchange.request.path))


def _read_path(path: str) -> str:
    """Read the path of a look, which a server may spell in its way: with a slash at the end, with escapes."""
    return unquote(path).rstrip("/")


def _read_start(at: int, exchange: Exchange) -> Start:
    body = read_object(exchange.answer.body) if exchange.answer.status == 202 else None
    return Start(at, exchange, _read_text(body, "task", "task_id"))


def _read_look(at: int, exchange: Exchange, by_id: Mapping[str, Start], known: dict[bytes, Look]) -> Look:
    asked = find_task_id(exchange.request)
    data = exchange.answer.body if exchange.answer.status == 200 else b""
    if data not in known:
        # A task that has ended returns the same each time: it is read once.
        oversize = find_oversize(data)
        body = None if oversize else read_object(data)
        state = _read_text(body, "task", "state")
        result = (body or {}).get("result")
        faults = () if result is None else list_result_faults(result)
        faults = (ResultFault((), SIZE, "an answer that can be judged", oversize),) if oversize else faults
        is_readable = result is not None and all(fault.rule not in {STRUCTURE, SIZE} for fault in faults)
        known[data] = Look(
            at=at,
            exchange=exchange,
            asked=asked,
            body=body,
            task_id=_read_text(body, "task", "task_id"),
            state=TaskState(state) if state in set(TaskState) else None,
            channels=_read_channels(result) if is_readable else None,
            faults=faults,
            start=None,
        )
    return replace(known[data], at=at, exchange=exchange, asked=asked, start=by_id.get(asked))


def _read_text(body: object, *keys: str) -> str | None:
    value = find_value(body, *keys)
    return value.lower() if isinstance(value, str) else None


def _read_channels(result: Any) -> tuple[ChannelTold, ...]:
    return tuple(
        ChannelTold(
            number=channel["channel_number"],
            speakers=channel["speakers_count"],
            segments=tuple(
                SegmentTold(told["speaker_id"], told["start_time"], told["end_time"]) for told in channel["segments"]
            ),
        )
        for channel in result["channels"]
    )
