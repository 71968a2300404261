"""Recordings of exchanges in files: our NDJSON, the fake's journal as JSON, or a HAR.

Our NDJSON has one JSON object per line: a header, `{"format": "diarkit-exchanges", "version": 2}`, then one exchange each. In JSON form
the header object contains the exchanges as `entries`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from diarkit_contracts.exchanges.exchange import Exchange
from diarkit_contracts.exchanges.har import read_har
from diarkit_contracts.exchanges.history import find_value
from diarkit_contracts.exchanges.plain import Json, PlainError, RecordingError, read_plain, write_plain

FORMAT: Final = "diarkit-exchanges"
VERSION: Final = 2
"""Incremented for incompatible changes, but not for new keys."""

HEAD: Final[Json] = {"format": FORMAT, "version": VERSION}


def read_recording(path: Path) -> tuple[Exchange, ...]:
    """Read a recording of any format."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordingError(path.name, 0, f"expected UTF-8, got {error}") from None
    # A header begins with its format, whatever the layout.
    if f'"{FORMAT}"' in text.lstrip()[:100]:
        return tuple(_read_ours(text, path.name))
    return read_har(text, path.name)


def write_recording(exchanges: Iterable[Exchange]) -> Iterator[str]:
    """Yield the lines of a recording, with line ends."""
    return write_lines(map(write_plain, exchanges))


def write_lines(written: Iterable[Json]) -> Iterator[str]:
    """Yield the lines of a recording from plain values, which may have additional keys."""
    # ASCII, as a client may have sent a lone surrogate.
    yield from (json.dumps(each, separators=(",", ":")) + "\n" for each in (HEAD, *written))


def _read_ours(text: str, name: str) -> Iterator[Exchange]:
    for line, value in split_recording(text, name):
        if find_value(value, "format") == FORMAT:
            came = find_value(value, "version")
            if came != VERSION:
                raise RecordingError(name, line, f"expected version {VERSION}, got {came!r}: record again")
            continue
        try:
            yield read_plain(Exchange, value, "an exchange")
        except PlainError as error:
            raise RecordingError(name, line, str(error)) from None


def split_recording(text: str, name: str) -> Iterator[tuple[int, Any]]:
    """Yield the header and the exchanges of a recording with their line numbers; 0 if the file is not line-based."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        # Not `splitlines`, which also splits at characters that JSON strings may contain.
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                yield number, _decode(line, name, number)
    else:
        yield 1, whole
        for each in whole.get("entries", ()):
            yield 0, each


def _decode(line: str, name: str, number: int) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RecordingError(name, number, f"expected JSON, got {line[:40]!r}: {error}") from None
