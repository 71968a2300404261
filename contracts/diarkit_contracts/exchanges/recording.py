"""Exchanges kept in a file and read again: our NDJSON, or a HAR that a browser or proxy made. Judges nothing.

Our format is one JSON object per line, a head and then one exchange each: `{"format": "diarkit-exchanges", "version": 1}`.
Bodies of requests are kept as what a check may ask of them, and bodies of answers as they were.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final, TypeGuard, cast

from diarkit_contracts.exchanges.exchange import Answer, Exchange, Part, Request
from diarkit_contracts.exchanges.har import read_har
from diarkit_contracts.exchanges.recording_error import RecordingError
from diarkit_fixtures.segments import Segment
from diarkit_fixtures.wav.file import Encoding, WavFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from diarkit_contracts.exchanges.exchange import Headers

FORMAT: Final = "diarkit-exchanges"
VERSION: Final = 1
"""Goes up when an older reader would misunderstand; new keys alone don't move it."""


def read_recording(path: Path) -> tuple[Exchange, ...]:
    """Read a recording of either kind.

    Raises:
        RecordingError: it is neither, or broken; file and line are told.
        OSError: it can't be read at all.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordingError(path.name, 0, f"expected UTF-8, got {error}") from None
    head = text.lstrip().partition("\n")[0]
    if f'"{FORMAT}"' in head:
        return tuple(_read_lines(text, path.name))
    return read_har(text, path.name)


def write_recording(exchanges: Iterable[Exchange]) -> Iterator[str]:
    """Write a recording, line by line, each with its line end."""
    yield json.dumps({"format": FORMAT, "version": VERSION}) + "\n"
    for exchange in exchanges:
        yield json.dumps(_write_exchange(exchange), ensure_ascii=False, separators=(",", ":")) + "\n"


def _write_exchange(exchange: Exchange) -> dict[str, object]:
    request, answer = exchange.request, exchange.answer
    try:
        body = {"text": answer.body.decode()}
    except UnicodeDecodeError:
        body = {"base64": base64.b64encode(answer.body).decode()}
    parts = None if request.parts is None else [asdict(part) for part in request.parts]
    return {
        "request": {
            "method": request.method,
            "url": request.url,
            "headers": request.headers,
            "parts": parts,
            "sent_at": request.sent_at,
        },
        "answer": {
            "status": answer.status,
            "headers": answer.headers,
            "body": body,
            "received_at": answer.received_at,
        },
    }


def _read_lines(text: str, name: str) -> Iterator[Exchange]:
    # Not `splitlines`: it cuts at characters that JSON may hold as they are.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        reader = _Reader(name, number)
        found = reader.read_object(reader.decode(line), "a line")
        if number == 1:
            if found.get("version") != VERSION:
                raise RecordingError(name, number, f"expected version {VERSION}, got {found.get('version')!r}")
        else:
            yield reader.read_exchange(found)


class _Reader:
    """Reads one line, and says which one if it can't."""

    def __init__(self, file: str, line: int) -> None:
        self._file = file
        self._line = line

    def decode(self, line: str) -> object:
        try:
            return json.loads(line)
        except (ValueError, RecursionError) as error:
            raise self._fail(f"expected JSON, got {line[:40]!r}: {error}") from None

    def read_object(self, value: object, what: str) -> Mapping[str, object]:
        if not isinstance(value, dict):
            raise self._fail(f"expected an object for {what}, got {value!r:.40}")
        return cast("dict[str, object]", value)

    def read_exchange(self, found: Mapping[str, object]) -> Exchange:
        request, answer = (self.read_object(found.get(key), key) for key in ("request", "answer"))
        parts = request.get("parts")
        return Exchange(
            Request(
                method=self._text(request, "method"),
                url=self._text(request, "url"),
                headers=self._headers(request),
                parts=None if parts is None else tuple(self._part(part) for part in self._list(parts, "parts")),
                sent_at=self._number(request, "sent_at"),
            ),
            Answer(
                status=int(self._number(answer, "status")),
                headers=self._headers(answer),
                body=self._body(self.read_object(answer.get("body"), "body")),
                received_at=self._number(answer, "received_at"),
            ),
        )

    def _part(self, value: object) -> Part:
        part = self.read_object(value, "a part")
        filename, text, sound = part.get("filename"), part.get("text"), part.get("sound")
        return Part(
            name=self._text(part, "name"),
            filename=None if filename is None else str(filename),
            size=int(self._number(part, "size")),
            sha256=self._text(part, "sha256"),
            text=None if text is None else str(text),
            sound=None if sound is None else self._sound(self.read_object(sound, "sound")),
        )

    def _sound(self, sound: Mapping[str, object]) -> WavFacts:
        truth = sound.get("truth")
        try:
            return WavFacts(
                frames=int(self._number(sound, "frames")),
                channels=int(self._number(sound, "channels")),
                sample_rate_hz=int(self._number(sound, "sample_rate_hz")),
                encoding=Encoding(self._text(sound, "encoding")),
                loud=tuple(bool(loud) for loud in self._list(sound.get("loud"), "loud")),
                truncated=bool(sound.get("truncated")),
                streamed=bool(sound.get("streamed")),
                truth=None if truth is None else tuple(map(self._segments, self._list(truth, "truth"))),
            )
        except ValueError as error:
            raise self._fail(str(error)) from None

    def _segments(self, value: object) -> tuple[Segment, ...]:
        rows = (self.read_object(row, "a segment") for row in self._list(value, "a channel's truth"))
        return tuple(Segment(*(int(self._number(row, key)) for key in ("speaker", "start", "end"))) for row in rows)

    def _body(self, body: Mapping[str, object]) -> bytes:
        if "base64" not in body:
            return self._text(body, "text").encode()
        try:
            return base64.b64decode(self._text(body, "base64"), validate=True)
        except ValueError as error:
            raise self._fail(f"expected base64 for body: {error}") from None

    def _headers(self, of: Mapping[str, object]) -> Headers:
        pairs = [self._list(pair, "a header") for pair in self._list(of.get("headers", []), "headers")]
        if not all(len(pair) == 2 for pair in pairs):
            raise self._fail("expected [name, value] for each of headers")
        return tuple((str(name), str(value)) for name, value in pairs)

    def _text(self, of: Mapping[str, object], key: str) -> str:
        value = of.get(key)
        if not isinstance(value, str):
            raise self._fail(f"expected a text for {key}, got {value!r:.40}")
        return value

    def _number(self, of: Mapping[str, object], key: str) -> float:
        value = of.get(key)
        if not _is_number(value):
            raise self._fail(f"expected a number for {key}, got {value!r:.40}")
        return value

    def _list(self, value: object, what: str) -> list[object]:
        if not isinstance(value, list):
            raise self._fail(f"expected a list for {what}, got {value!r:.40}")
        return cast("list[object]", value)

    def _fail(self, reason: str) -> RecordingError:
        return RecordingError(self._file, self._line, reason)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
