"""What a server answered to a row: its exchanges in a recording, and their comparable part.

That is states, channels, and the skeletons of bodies, their fields with types.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, cast
from urllib.parse import parse_qsl, urlsplit

from diarkit_contracts.exchanges.exchange import Exchange, Part
from diarkit_contracts.exchanges.history import History, find_value, read_history, read_object
from diarkit_contracts.exchanges.text import describe_answer
from diarkit_contracts.rows.call import Raw, Row
from diarkit_contracts.rows.plan import list_rows
from diarkit_contracts.runs.verdict import RowRun
from diarkit_contracts.target.client import ENDED

Skeleton: TypeAlias = "Mapping[str, frozenset[str]]"
"""Types by path, such as `{"task.state": {"string"}}`; `[]` for the items of a list, an empty path for the body."""

NO_JSON: Final = "no JSON"
ABSENT: Final = "absent"
ANY: Final = "anything"
"""The items of an empty list, whose types are unknown."""

_Form: TypeAlias = "tuple[tuple[str, str | None, str | None], ...] | str | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowAnswers:
    """The answers to a row.

    Attributes:
        start: the last exchange of the row's own request; earlier ones were deferred by the server.
        states: distinct reported states, in order.
        looks: the first poll of each of these states.
        channels: of the result, by number in order, and whether they have segments; None without a result.
    """

    start: Exchange
    states: tuple[str, ...]
    looks: Mapping[str, Exchange]
    channels: Mapping[int, bool] | None

    @property
    def is_task(self) -> bool:
        """Whether a task was started."""
        return self.start.request.method == "POST" and self.start.answer.status == 202

    @property
    def end(self) -> str:
        """The terminal state; empty without one."""
        return next((state for state in self.states if state in ENDED), "")

    @property
    def is_refused(self) -> bool:
        """Whether the request was refused, or its task rejected."""
        return 400 <= self.start.answer.status < 500 or self.end == "rejected"

    @property
    def location_form(self) -> str:
        """The form of X-Location."""
        location = self.start.answer.header("X-Location")
        return ABSENT if location is None else "absolute" if urlsplit(location).scheme else "relative"

    def describe(self) -> str:
        """Format the answer and the end of the task."""
        answer = describe_answer(self.start)
        return f"{answer}, then {self.end}" if self.is_task and self.end else answer


def match_rows(exchanges: Sequence[Exchange]) -> tuple[RowRun, ...]:
    """Find the rows of the plan in a recording of one server, in the order sent; exchanges that match no row are omitted.

    A request repeated at the server's demand belongs to the same row; a task's polls belong to its POST.
    """
    known = [
        (row, (row.call.method, _read_query(row.call.target), _describe_call(row)))
        for row in list_rows()
        if row.needs is None
    ]
    found: dict[str, list[int]] = {}
    history = read_history(exchanges)
    started: dict[int, str] = {}
    for at, exchange in enumerate(history.exchanges):
        request = exchange.request
        form = _describe_form(request.parts) if request.parts is not None else request.header("content-type") or None
        sent = (request.method, _read_query(request.url), form)
        for row, described in known:
            if described == sent and request.path.endswith(row.call.path):
                found.setdefault(row.name, []).append(at)
                started[at] = row.name
                break
    for look in history.looks:
        if look.start is not None and look.start.at in started and look.at not in started:
            found[started[look.start.at]].append(look.at)
    return tuple(RowRun(name=name, at=tuple(at)) for name, at in found.items())


def read_answers(row: RowRun, history: History) -> RowAnswers:
    """Read the answers to a row."""
    first = history.exchanges[row.at[0]].request
    starts = [
        each
        for each in map(history.exchanges.__getitem__, row.at)
        if (each.request.method, each.request.path) == (first.method, first.path)
    ]
    mine = set(row.at)
    looks: dict[str, Exchange] = {}
    channels: dict[int, bool] | None = None
    for look in history.looks:
        # The start of a row that polls an unknown task is its poll.
        if look.at in mine and look.start is not None:
            state = find_value(look.body, "task", "state")
            if isinstance(state, str):
                looks.setdefault(state, look.exchange)
            if look.channels is not None and channels is None:
                channels = {channel.number: bool(channel.segments) for channel in look.channels}
    return RowAnswers(start=starts[-1], states=tuple(looks), looks=looks, channels=channels)


def read_error_type(exchange: Exchange) -> str:
    """Read the error type of an envelope or task; empty without one."""
    body = read_object(exchange.answer.body)
    keys = ("type",) if find_value(body, "task") is None else ("error", "type")
    kind = find_value(body, *keys)
    return kind if isinstance(kind, str) else ""


def read_skeleton(body: bytes) -> Skeleton:
    """Read the skeleton of a body."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return {"": frozenset({NO_JSON if body else "empty"})}
    found: dict[str, set[str]] = {}
    _collect(value, "", found)
    return {path: frozenset(types) for path, types in found.items()}


def compare_skeletons(one: Skeleton, other: Skeleton) -> tuple[tuple[str, str, str], ...]:
    """List the paths in which two skeletons differ, with the types of both, omitting the content of missing fields."""
    differing: list[tuple[str, str, str]] = []
    hidden: list[str] = []
    for path in sorted({*one, *other}):
        if any(path.startswith((f"{outer}.", f"{outer}[]")) for outer in hidden):
            continue
        first, second = (_find_types(skeleton, path) for skeleton in (one, other))
        if first != second and ANY not in {*first, *second}:
            differing.append((path, _write_types(first), _write_types(second)))
            hidden.append(path)
    return tuple(differing)


def _collect(value: object, path: str, found: dict[str, set[str]]) -> None:
    types = found.setdefault(path, set())
    if isinstance(value, dict):
        types.add("object")
        for name, inner in cast("dict[str, object]", value).items():
            _collect(inner, f"{path}.{name}" if path else name, found)
    elif isinstance(value, list):
        types.add("array")
        items = cast("list[object]", value)
        for item in items:
            _collect(item, f"{path}[]", found)
        if not items:
            found.setdefault(f"{path}[]", set()).add(ANY)
    elif isinstance(value, bool):
        types.add("boolean")
    elif isinstance(value, int | float):
        # 2 and 2.5 are the same type in JSON, depending on the value.
        types.add("number")
    else:
        types.add("null" if value is None else "string")


def _find_types(skeleton: Skeleton, path: str) -> frozenset[str]:
    if path in skeleton:
        types = skeleton[path] - {ANY}
        return types or skeleton[path]
    # The content of unknown items is unknown too.
    outer = path
    while "[]" in outer:
        outer = outer[: outer.rindex("[]") + 2]
        if skeleton.get(outer) == frozenset({ANY}):
            return frozenset({ANY})
        outer = outer[:-2]
    return frozenset({ABSENT})


def _write_types(types: frozenset[str]) -> str:
    return " or ".join(sorted(types))


def _describe_call(row: Row) -> _Form:
    if isinstance(row.call.body, Raw):
        return row.call.body.content_type
    parts = row.call.describe_body()
    return None if parts is None else _describe_form(parts)


def _describe_form(parts: Iterable[Part]) -> tuple[tuple[str, str | None, str | None], ...]:
    return tuple((part.name, part.filename, part.sha256) for part in parts)


def _read_query(url: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(urlsplit(url).query, keep_blank_values=True))
