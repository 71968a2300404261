"""The log of `diarkit serve`: lines for people or JSON, optionally with each exchange."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from diarkit_mockserver.journal.access_log import describe_entry, escape, write_line
from diarkit_mockserver.journal.journal import Entry

LogFormat: TypeAlias = Literal["text", "json"]

exchanges = logging.getLogger("diarkit.exchanges")


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
