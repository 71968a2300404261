"""Format an exchange in one line for people, or as an object for programs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from diarkit_mockserver.clock import SECOND, tell_date

if TYPE_CHECKING:
    from diarkit_contracts.exchanges.plain import Json
    from diarkit_mockserver.journal.journal import Entry

UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that clients put into file names and paths: controls, also those that turn the direction of a line, and surrogates."""

IDS: Final = {"request_id": b"x-request-id", "correlation_id": b"x-correlation-id"}
"""Headers of the answer, sent by the client or generated."""


def escape(text: str) -> str:
    """Escape control characters, so that a text stays on its line."""
    return UNSEEN.sub(lambda found: repr(found[0])[1:-1], text)


def write_line(entry: Entry, epoch: int) -> str:
    """Format an exchange for people, without the query, which may contain secrets."""
    answer = str(entry.status) if entry.status else "no answer"
    parts = [f"{answer} {entry.state}" if entry.state is not None else answer]
    if entry.received:
        parts.append(f"{entry.received} B in")
    parts += [f"{len(entry.body)} B out", f"{_count_ms(entry):.1f} ms"]
    if entry.rule:
        parts.append(f"rule {entry.rule}")
    if reason := entry.note or (entry.lost or ""):
        parts.append(reason)
    date = tell_date(epoch, entry.asked_at)
    moment = f"{date:%Y-%m-%d %H:%M:%S}.{date.microsecond // 1000:03}Z"
    return escape(f"{moment} {entry.request.method} {entry.request.path} {', '.join(parts)}")


def describe_entry(entry: Entry, epoch: int) -> Json:
    """Format an exchange for programs: constant keys, times as dates and milliseconds."""
    ids = dict(entry.headers)
    return {
        "time": tell_date(epoch, entry.asked_at).isoformat(),
        "number": entry.number,
        "method": entry.request.method,
        "path": entry.request.path,
        "status": entry.status,
        "state": entry.state,
        "bytes_in": entry.received,
        "bytes_out": len(entry.body),
        "milliseconds": _count_ms(entry),
        "task_id": entry.task_id,
        "rule": entry.rule,
        "reason": entry.note,
        "lost": entry.lost,
        "faults": list(entry.faults),
        "limit": entry.limit,
        **{name: ids.get(header, b"").decode("latin-1") for name, header in IDS.items()},
        "traceparent": (entry.request.find(b"traceparent") or b"").decode("latin-1"),
    }


def _count_ms(entry: Entry) -> float:
    return (entry.answered_at - entry.asked_at) * 1000 / SECOND
