"""Interpret exchanges as uploads and polls of tasks, with the reported states and results.

Answers are read leniently: a malformed body gives None here and a finding elsewhere.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final, cast
from urllib.parse import unquote
from uuid import UUID

from diarkit_contracts.api.document import Operation, operations
from diarkit_contracts.api.profiles import DEFAULT, Profile
from diarkit_contracts.api.result import SIZE, ReportedChannel, ResultFault, find_oversize, read_result
from diarkit_contracts.api.states import TERMINAL, TaskState
from diarkit_contracts.api.strict_json import StrictJsonError, decode_json
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Lost, Made, Part, Request, Sound

START_PATH: Final = "/api/technology/speaker-diarization"
"""End of the POST path; a server may add a prefix."""

CHANNELS: Final = re.compile("(?:[0-9]{1,9}(?:,[0-9]{1,9})*)?")
"""No file has a channel with more digits, and Python refuses to read thousands of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A POST that starts a task.

    Attributes:
        task_id: returned with 202; None for a refusal or an unreadable id.
    """

    at: int
    exchange: Exchange
    task_id: str | None

    @property
    def accepted(self) -> bool:
        """Whether the server accepted it."""
        return self.exchange.answer.status == 202

    @property
    def file(self) -> Part | None:
        """The last part `file`, as a file or as text."""
        return self.find_part("file")

    @property
    def sound(self) -> Sound | None:
        """The measurements of its file; None if it is not a readable recording."""
        return None if self.file is None else self.file.sound

    @property
    def made(self) -> Made | None:
        """The origin of its file; None if it is no variant of an own recording."""
        return None if self.file is None else self.file.made

    @property
    def query(self) -> Mapping[str, str]:
        """The parameters of the URL."""
        return self.exchange.request.query

    @property
    def mode(self) -> str:
        """The channel mode, which is split by default."""
        return self.query.get("channel_mode", "split")

    @property
    def channels(self) -> list[int] | None:
        """The selected channels; empty for all, None if the parameter is not a list of numbers that a file can have."""
        asked = self.query.get("channels", "")
        return list(map(int, asked.split(",") if asked else ())) if CHANNELS.fullmatch(asked) else None

    @property
    def config(self) -> Mapping[str, object] | None:
        """The decoded part `config`; empty without one, None if it is not a JSON object or unknown."""
        part = self.find_part("config")
        if part is None and self.knows_config:
            return {}
        return None if part is None else read_object((part.text or "").encode())

    @property
    def knows_config(self) -> bool:
        """Whether the `config`, or its absence, is known; an empty one may count as absent (UNK)."""
        part = self.find_part("config")
        return self.exchange.request.is_body_known if part is None else part.sha256 is not None and part.text != ""

    def find_part(self, name: str) -> Part | None:
        """Find the last part of that name."""
        return next((part for part in reversed(self.exchange.request.parts or ()) if part.name == name), None)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A GET that polls a task.

    Attributes:
        asked: the requested id from the path, in lower case.
        body: of a 200, if it is a JSON object.
        task_id: as reported, in lower case.
        state: as reported, if it is a known one.
        channels: of a result that matches its schema.
        start: the POST that returned the requested id, if in the history.
    """

    at: int
    exchange: Exchange
    asked: str
    body: Mapping[str, object] | None
    task_id: str | None
    state: TaskState | None
    channels: tuple[ReportedChannel, ...] | None
    faults: tuple[ResultFault, ...]
    start: Start | None


@dataclass(frozen=True, slots=True)
class History:
    """Exchanges with one server.

    Attributes:
        exchanges: with complete answers, in the order sent.
        lost: requests without a complete answer, in the order sent; they have no position.
        given_up: ids of tasks that the driver stopped waiting for; None without a driver, as in a recording, where lost answers and
            unfinished tasks may be intended.
        by_task: the polls answered with 200, by the requested id.
        by_id: the upload that started each task; of several starts of one id the first.
    """

    exchanges: tuple[Exchange, ...]
    starts: tuple[Start, ...]
    looks: tuple[Look, ...]
    profile: Profile
    lost: tuple[Exchange, ...]
    by_task: Mapping[str, Sequence[Look]] = field(repr=False)
    by_id: Mapping[str, Start] = field(repr=False)
    given_up: frozenset[str] | None = None
    _decoded: dict[bytes, object] = field(repr=False, compare=False, default_factory=dict[bytes, object])

    def decode(self, body: bytes) -> object:
        """Decode the body of an answer strictly, or return the error; cached, so treat the value as read-only."""
        if body not in self._decoded:
            try:
                self._decoded[body] = decode_json(body)
            except StrictJsonError as error:
                self._decoded[body] = error
        return self._decoded[body]

    def results(self) -> Iterator[tuple[Look, tuple[ReportedChannel, ...]]]:
        """Yield the first readable result of each task."""
        for looks in self.by_task.values():
            for look in looks:
                if look.state is TaskState.DONE and look.channels is not None:
                    yield look, look.channels
                    break

    def known_results(self) -> Iterator[tuple[Look, Start, tuple[ReportedChannel, ...]]]:
        """Yield those of known uploads."""
        return ((look, look.start, channels) for look, channels in self.results() if look.start is not None)

    def find_cause(self, request: Request) -> object:
        """Return the origin of a request, for comparison: the upload of the polled task, or the request itself."""
        start = self.by_id.get(find_task_id(request))
        request = request if start is None else start.exchange.request
        return request.method, request.path, tuple(request.query.items()), request.parts

    def find_end(self, start: Start) -> Look | None:
        """Find the first poll that reported a terminal state."""
        looks = self.by_task.get(start.task_id or "", ())
        return next((look for look in looks if look.state in TERMINAL), None)


def read_history(
    exchanges: Iterable[Exchange], profile: Profile = DEFAULT, given_up: frozenset[str] | None = None
) -> History:
    """Interpret exchanges as a history."""
    whole = tuple(exchanges)
    answered = tuple(exchange for exchange in whole if isinstance(exchange.answer, Answer))
    lost = tuple(exchange for exchange in whole if isinstance(exchange.answer, Lost))
    starts = tuple(_read_start(at, exchange) for at, exchange in enumerate(answered) if _is_start(exchange))
    by_id = {start.task_id: start for start in reversed(starts) if start.task_id is not None}
    cache: dict[bytes, Look] = {}
    looks = tuple(_read_look(at, exchange, by_id, cache) for at, exchange in enumerate(answered) if _is_look(exchange))
    by_task: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        if look.exchange.answer.status == 200:
            by_task[look.asked].append(look)
    return History(answered, starts, looks, profile, lost, MappingProxyType(dict(by_task)), by_id, given_up)


def find_operation(exchange: Exchange) -> Operation | None:
    """Find the requested operation of the document; None for an unknown path or method."""
    return _find_operation(exchange.request.method, exchange.request.path)


def match_path(template: str, path: str) -> bool:
    """Return whether a path is one of the document's templates, behind a prefix or without."""
    return _compile(template).match(path) is not None


def find_task_id(request: Request) -> str:
    """Return the task id at the end of a poll's path, in lower case."""
    return _read_path(request.path).rpartition("/")[2].lower()


def read_object(data: bytes | str) -> Mapping[str, object] | None:
    """Decode a JSON object leniently; None if it is not one."""
    try:
        decoded: object = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, object]", decoded) if isinstance(decoded, dict) else None


def find_value(body: object, *keys: str) -> object:
    """Find a value in nested objects; None if a key is missing."""
    for key in keys:
        if not isinstance(body, dict):
            return None
        body = cast("dict[str, object]", body).get(key)
    return body


def is_uuid(text: str) -> bool:
    """Return whether a text is a UUID in canonical form, 8-4-4-4-12."""
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
    return re.compile("(?:/[^/]+)*" + re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)) + "$")


def _is_start(exchange: Exchange) -> bool:
    return exchange.request.method == "POST" and exchange.request.path.endswith(START_PATH)


def _is_look(exchange: Exchange) -> bool:
    return exchange.request.method == "GET" and match_path(START_PATH + "/{task_id}", _read_path(exchange.request.path))


def _read_path(path: str) -> str:
    """Normalise the path of a poll, which may have a trailing slash or escapes."""
    return unquote(path).rstrip("/")


def _read_start(at: int, exchange: Exchange) -> Start:
    body = read_object(exchange.answer.body) if exchange.answer.status == 202 else None
    return Start(at, exchange, _read_text(body, "task", "task_id"))


def _read_look(at: int, exchange: Exchange, by_id: Mapping[str, Start], known: dict[bytes, Look]) -> Look:
    asked = find_task_id(exchange.request)
    data = exchange.answer.body if exchange.answer.status == 200 else b""
    if data not in known:
        # An ended task usually returns the same each time: it is parsed once.
        oversize = find_oversize(data)
        body = None if oversize else read_object(data)
        state = _read_text(body, "task", "state")
        result = (body or {}).get("result")
        channels, faults = (None, ()) if result is None else read_result(result)
        if oversize:
            faults = (ResultFault((), SIZE, "an answer of a size that can be checked", oversize),)
        known[data] = Look(
            at=at,
            exchange=exchange,
            asked=asked,
            body=body,
            task_id=_read_text(body, "task", "task_id"),
            state=TaskState(state) if state in set(TaskState) else None,
            channels=channels,
            faults=faults,
            start=None,
        )
    return replace(known[data], at=at, exchange=exchange, asked=asked, start=by_id.get(asked))


def _read_text(body: object, *keys: str) -> str | None:
    value = find_value(body, *keys)
    return value.lower() if isinstance(value, str) else None
