"""Exchanges read from a HAR 1.2, as browsers, proxies and schemathesis write it. Knows nothing of our own format.

A HAR may have left out what it holds: bodies of uploads first of all. What is not there is described as unknown: a part without
bytes has size 0 and no sound, and a body without parts is no form.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

from diarkit_contracts.exchanges.exchange import Answer, Exchange, Part, Request, describe_field
from diarkit_contracts.exchanges.form import read_form
from diarkit_contracts.exchanges.recording_error import RecordingError
from diarkit_contracts.exchanges.redaction import Redaction, list_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diarkit_contracts.exchanges.exchange import Headers

API: Final = "/api/"
"""Part of the path of everything that is judged; a browser's HAR holds much else."""

UNKNOWN: Final = hashlib.sha256(b"").hexdigest()


def read_har(text: str, name: str) -> tuple[Exchange, ...]:
    """Read the exchanges of a HAR that went to the API, in the order of their start.

    Args:
        text: of the file.
        name: of the file, for errors.

    Raises:
        RecordingError: it is no HAR, or an entry lacks what HAR 1.2 requires of it.
    """
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        raise RecordingError(name, line, f"expected a HAR or a recording of ours, got no JSON: {error}") from None
    entries = _find(_find(document, "log"), "entries")
    if not isinstance(entries, list):
        raise RecordingError(name, 0, "expected a HAR (log.entries) or a recording of ours (NDJSON)")
    read = list(_read_entries(cast("list[object]", entries), name, text))
    return tuple(sorted(read, key=lambda exchange: exchange.request.sent_at))


def _read_entries(entries: list[object], name: str, text: str) -> Iterator[Exchange]:
    lines = _find_lines(text, len(entries))
    for number, entry in enumerate(entries):
        try:
            exchange = _read_entry(entry)
        except (TypeError, ValueError, KeyError) as error:
            reason = f"entry {number} is not as HAR 1.2 has it: {type(error).__name__}: {error}"
            raise RecordingError(name, lines[number], reason) from None
        if API in urlsplit(exchange.request.url).path and exchange.answer.status:
            yield exchange


def _find_lines(text: str, count: int) -> list[int]:
    """Find the line of each entry, as far as the file has one for each `startedDateTime`."""
    lines = [at for at, line in enumerate(text.split("\n"), start=1) if '"startedDateTime"' in line]
    # Pages have one too, and come before the entries.
    return lines[-count:] if len(lines) >= count else [0] * count


def _read_entry(entry: object) -> Exchange:
    request, response = _find(entry, "request"), _find(entry, "response")
    sent_at = datetime.fromisoformat(_text(entry, "startedDateTime")).timestamp()
    took = _find(entry, "time")
    seconds = max(0.0, float(took)) / 1000 if isinstance(took, int | float) else 0.0
    headers = _read_headers(request)
    redaction = Redaction(list_secrets(headers))
    return Exchange(
        Request(
            method=_text(request, "method").upper(),
            url=redaction.strike_url(_text(request, "url")),
            headers=redaction.strike_request_headers(headers),
            parts=_read_parts(_find(request, "postData"), headers),
            sent_at=sent_at,
        ),
        Answer(
            status=_read_status(response),
            headers=redaction.strike_answer_headers(_read_headers(response)),
            body=redaction.strike_body(_read_content(_find(response, "content"))),
            received_at=sent_at + seconds,
        ),
    )


def _read_status(response: object) -> int:
    status = _find(response, "status")
    if not isinstance(status, int):
        raise TypeError(f"expected a number for status, got {status!r}")
    return status


def _read_parts(data: object, headers: Headers) -> tuple[Part, ...] | None:
    """Read the parts of a form: from its bytes where they are there, else from the list of parameters."""
    kind = next((value for name, value in headers if name.lower() == "content-type"), "") or str(
        _find(data, "mimeType") or ""
    )
    text = _find(data, "text")
    if isinstance(text, str) and text:
        # Browsers write one character for each byte; some tools base64, which HAR 1.2 has no word for in requests.
        encoded = _find(data, "encoding") == "base64"
        candidates = [base64.b64decode(text)] if encoded else [_encode(text), text.encode()]
        for body in candidates:
            parts = read_form(kind, body)
            if parts is not None:
                return parts
    parameters = _find(data, "params")
    if kind.startswith("multipart/form-data") and isinstance(parameters, list) and parameters:
        return tuple(_read_parameter(parameter) for parameter in cast("list[object]", parameters))
    return None


def _encode(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def _read_parameter(parameter: object) -> Part:
    name, filename, value = (_find(parameter, key) for key in ("name", "fileName", "value"))
    if isinstance(filename, str) and filename:
        return Part(name=str(name), filename=filename, size=0, sha256=UNKNOWN)
    return describe_field(str(name), value if isinstance(value, str) else "")


def _read_content(content: object) -> bytes:
    text = _find(content, "text")
    if not isinstance(text, str):
        return b""
    return base64.b64decode(text) if _find(content, "encoding") == "base64" else text.encode()


def _read_headers(of: object) -> Headers:
    headers = _find(of, "headers")
    if not isinstance(headers, list):
        raise TypeError("expected a list for headers")
    return tuple((_text(header, "name"), _text(header, "value")) for header in cast("list[object]", headers))


def _text(of: object, key: str) -> str:
    value = _find(of, key)
    if not isinstance(value, str):
        raise TypeError(f"expected a text for {key}, got {value!r:.40}")
    return value


def _find(of: object, key: str) -> object:
    return cast("Mapping[str, object]", of).get(key) if isinstance(of, dict) else None
