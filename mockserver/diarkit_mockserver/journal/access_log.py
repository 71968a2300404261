"""The log of `diarkit serve`: lines for people or JSON, optionally with each exchange."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from diarkit_mockserver.clock import SECOND, tell_date

if TYPE_CHECKING:
    from diarkit_contracts.exchanges.plain import Json
    from diarkit_mockserver.journal.journal import Entry

LogFormat: TypeAlias = Literal["text", "json"]

exchanges = logging.getLogger("diarkit.exchanges")

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


class Lines(logging.Formatter):
    """Formats each message in one line with time and level; an exchange has its own time."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        if record.name == exchanges.name:
            return record.getMessage()
        return f"{_read_date(record):%Y-%m-%d %H:%M:%S}.{record.msecs:03.0f}Z {record.levelname} {escape(super().format(record))}"


class JsonLines(logging.Formatter):
    """Formats each message as a JSON object in one line, an exchange with all its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        fields = getattr(record, "fields", None) or {"message": super().format(record)}
        return json.dumps({"time": _read_date(record).isoformat(), "level": record.levelname.lower(), **fields})


def start_log(level: str, form: LogFormat) -> Callable[[Entry, int], None] | None:
    """Log to stderr from a level on, and return a function that logs an entry of a world with its epoch.

    None if the level hides exchanges.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else Lines())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("uvicorn.error").setLevel("WARNING")  # replaced by our own greeting
    if not exchanges.isEnabledFor(logging.INFO):
        return None
    if not exchanges.isEnabledFor(logging.DEBUG):
        return _log_json if form == "json" else _log_line
    return _log_all


def _log_line(entry: Entry, epoch: int) -> None:
    exchanges.info("%s", write_line(entry, epoch))


def _log_json(entry: Entry, epoch: int) -> None:
    exchanges.info("", extra={"fields": describe_entry(entry, epoch)})


def _log_all(entry: Entry, epoch: int) -> None:
    """Log an exchange with heads and bodies, redacted like in the journal."""
    from diarkit_mockserver.journal.export import write_entries  # noqa: PLC0415 - only for debugging

    (written,) = write_entries((entry,), epoch)
    text = f"{write_line(entry, epoch)}\n{json.dumps(written)}"
    exchanges.debug("%s", text, extra={"fields": {**describe_entry(entry, epoch), "exchange": written}})


def _read_date(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)
