"""Match the exchanges of a recording to rows of the plan by their requests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from diarkit_contracts.exchanges.history import read_history
from diarkit_contracts.rows.call import Raw, Row
from diarkit_contracts.rows.plan import list_rows
from diarkit_contracts.runs.verdict import RowRun

if TYPE_CHECKING:
    from diarkit_contracts.exchanges.exchange import Exchange, Part

_Form: TypeAlias = "tuple[tuple[str, str | None, str | None], ...] | str | None"


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
        form = _describe(request.parts) if request.parts is not None else request.header("content-type") or None
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


def _describe_call(row: Row) -> _Form:
    if isinstance(row.call.body, Raw):
        return row.call.body.content_type
    parts = row.call.describe_body()
    return None if parts is None else _describe(parts)


def _describe(parts: Iterable[Part]) -> tuple[tuple[str, str | None, str | None], ...]:
    return tuple((part.name, part.filename, part.sha256) for part in parts)


def _read_query(url: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(urlsplit(url).query, keep_blank_values=True))
