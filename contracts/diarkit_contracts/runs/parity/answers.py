"""The comparable part of a server's answers to a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from diarkit_contracts.exchanges.history import History, find_value, read_object
from diarkit_contracts.exchanges.skeleton import ABSENT
from diarkit_contracts.exchanges.text import describe_answer
from diarkit_contracts.target.client import ENDED

if TYPE_CHECKING:
    from diarkit_contracts.exchanges.exchange import Exchange
    from diarkit_contracts.runs.verdict import RowRun


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
