"""Exchanges as HAR 1.2, read from browsers, proxies and schemathesis, and written.

A HAR may omit content, in particular bodies of uploads; it is then unknown. Our own extensions have names that begin with `_`, as HAR
requires. No library is used: the maintained one, harfile, supports neither such names nor reading.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, Final, cast
from urllib.parse import parse_qsl, urlsplit

from diarkit_contracts.exchanges.exchange import (
    Answer,
    Exchange,
    Headers,
    Loss,
    Lost,
    Part,
    Request,
    describe_field,
    find_header,
)
from diarkit_contracts.exchanges.form import read_form
from diarkit_contracts.exchanges.history import find_value, read_object
from diarkit_contracts.exchanges.plain import Json, RecordingError, read_plain, write_plain
from diarkit_contracts.exchanges.redaction import Redaction, list_secrets

APIS: Final = ("/api/technology/", "/api/system/")
"""Paths of everything that is judged; a browser's HAR contains much else."""

STATUSES: Final = {status.value: status.phrase for status in HTTPStatus}
UNKNOWN_SIZE: Final = -1
LAST_SECOND: Final = 253_402_300_799
"""The end of the calendar, in seconds since 1970."""


def read_har(text: str, name: str) -> tuple[Exchange, ...]:
    """Read the exchanges with the API from a HAR, in order of their start."""
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        raise RecordingError(name, line, f"expected a HAR or a diarkit recording, got invalid JSON: {error}") from None
    entries = find_value(document, "log", "entries")
    if not isinstance(entries, list):
        raise RecordingError(name, 0, "expected a HAR (log.entries) or a diarkit recording (NDJSON)")
    read = list(_read_entries(cast("list[object]", entries), name, text))
    return tuple(sorted(read, key=lambda exchange: exchange.request.sent_at))


def _read_entries(entries: list[object], name: str, text: str) -> Iterator[Exchange]:
    lines = _find_lines(text, len(entries))
    known: set[bytes] = set()
    for number, entry in enumerate(entries):
        try:
            exchange = _read_entry(entry)
        except (TypeError, ValueError, KeyError) as error:
            reason = f"entry {number} is not valid HAR 1.2: {type(error).__name__}: {error}"
            raise RecordingError(name, lines[number], reason) from None
        # Browsers write 0 for requests that were blocked or cancelled. Merged recordings have the same entry twice.
        is_judged = any(api in exchange.request.path for api in APIS)
        if is_judged and (exchange.answer.status or isinstance(exchange.answer, Lost)):
            digest = hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).digest()
            if digest not in known:
                known.add(digest)
                yield exchange


def _find_lines(text: str, count: int) -> list[int]:
    """Find the line of each entry, if each `startedDateTime` has its own."""
    lines = [at for at, line in enumerate(text.split("\n"), start=1) if '"startedDateTime"' in line]
    # Pages have one too, and precede the entries.
    return lines[-count:] if len(lines) >= count else [0] * count


def write_har(exchanges: Iterable[Exchange], own: Iterable[Mapping[str, object]] | None = None) -> Json:
    """Write exchanges with times in seconds since 1970 UTC as a HAR; `own` has additional fields of each entry, such as a comment."""
    written = [_write_entry(exchange) for exchange in exchanges]
    entries = written if own is None else [{**entry, **more} for entry, more in zip(written, own, strict=True)]
    creator = {"name": "diarkit", "version": version("diarkit")}
    return {"log": {"version": "1.2", "creator": creator, "entries": entries}}


def _write_entry(exchange: Exchange) -> Json:
    request, answer = exchange.request, exchange.answer
    started = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=min(request.sent_at, LAST_SECOND))
    waited = round((answer.received_at - request.sent_at) * 1000, 3)
    body, is_known = write_plain(answer.body), not isinstance(answer, Answer) or answer.is_body_known
    size = len(answer.body) if is_known else UNKNOWN_SIZE
    content: Json = {"size": size, "mimeType": answer.header("Content-Type") or "application/octet-stream"}
    if "base64" in body:
        content |= {"text": body["base64"], "encoding": "base64"}
    elif answer.body and is_known:
        content |= body
    response: Json = {
        "status": answer.status,
        "statusText": STATUSES.get(answer.status, ""),
        "content": content,
        "redirectURL": "",
        **_write_message(answer.headers, size),
        **({"_lost": answer.kind} if isinstance(answer, Lost) else {}),
    }
    return {
        "startedDateTime": started.isoformat(timespec="microseconds"),
        "time": waited,
        "request": _write_request(request),
        "response": response,
        "cache": {},
        "timings": {"send": 0, "wait": waited, "receive": 0},
    }


def _write_request(request: Request) -> Json:
    is_empty = request.is_body_known and request.parts is None
    written: Json = {
        "method": request.method,
        "url": request.url,
        "queryString": _write_pairs(parse_qsl(urlsplit(request.url).query, keep_blank_values=True)),
        **_write_message(request.headers, 0 if is_empty else UNKNOWN_SIZE),
    }
    if request.parts is not None:
        params = [_write_parameter(part) for part in request.parts]
        written["postData"] = {"mimeType": request.header("Content-Type") or "multipart/form-data", "params": params}
    return written


def _write_message(headers: Headers, size: int) -> Json:
    return {
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _write_pairs(headers),
        "headersSize": UNKNOWN_SIZE,
        "bodySize": size,
    }


def _write_parameter(part: Part) -> Json:
    own = {"fileName": part.filename} if part.filename is not None else {"value": part.text or ""}
    return {"name": part.name, **own, "_part": write_plain(part)}


def _write_pairs(pairs: Iterable[tuple[str, str]]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in pairs]


def _read_entry(entry: object) -> Exchange:
    request, response = find_value(entry, "request"), find_value(entry, "response")
    sent_at = datetime.fromisoformat(_text(entry, "startedDateTime")).timestamp()
    took = find_value(entry, "time")
    seconds = max(0.0, float(took)) / 1000 if isinstance(took, int | float) else 0.0
    headers = _read_headers(request)
    parts = _read_parts(find_value(request, "postData"), headers, find_value(request, "bodySize"))
    body, is_whole = _read_content(find_value(response, "content"))
    came: Any = {
        "status": read_plain(int, find_value(response, "status"), "status"),
        "headers": _read_headers(response),
        "body": body,
        "received_at": sent_at + seconds,
    }
    lost = find_value(response, "_lost")
    exchange = Exchange(
        Request(
            method=_text(request, "method").upper(),
            url=_text(request, "url"),
            headers=headers,
            parts=parts,
            is_body_known=parts is not None or find_value(request, "bodySize") == 0,
            sent_at=sent_at,
        ),
        Answer(is_body_known=is_whole, **came) if lost is None else Lost(kind=read_plain(Loss, lost, "_lost"), **came),
    )
    return Redaction(list_secrets(headers)).strike(exchange)


def _read_parts(data: object, headers: Headers, size: object) -> tuple[Part, ...] | None:
    """Read the parts of a form from its bytes if present, otherwise from the list of parameters."""
    kind = find_header(headers, "Content-Type") or str(find_value(data, "mimeType") or "")
    sent = find_header(headers, "Content-Length")
    stated = sent or (str(size) if isinstance(size, int) and size > 0 else None)
    text = find_value(data, "text")
    if isinstance(text, str) and text:
        # Browsers write one character per byte; some tools base64, which HAR 1.2 does not define for requests.
        encoded = find_value(data, "encoding") == "base64"
        candidates = [base64.b64decode(text)] if encoded else [_encode(text), text.encode()]
        for body in candidates:
            parts = read_form(kind, body)
            if parts is not None:
                # Chrome omits the content of files, and gives the size of what it has; others replace bytes that are not text.
                is_whole = stated in {None, str(len(body))} and "\ufffd" not in text
                return tuple(
                    part
                    if part.filename is None or (is_whole and (part.size or sent))
                    else Part(name=part.name, filename=part.filename)
                    for part in parts
                )
    parameters = find_value(data, "params")
    if kind.startswith("multipart/form-data") and isinstance(parameters, list) and parameters:
        return tuple(_read_parameter(parameter) for parameter in cast("list[object]", parameters))
    return None


def _encode(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def _read_parameter(parameter: object) -> Part:
    name, filename, value, ours = (find_value(parameter, key) for key in ("name", "fileName", "value", "_part"))
    if ours is not None:
        return read_plain(Part, ours, "_part")
    if isinstance(filename, str) and filename:
        return Part(name=str(name), filename=filename)
    return describe_field(str(name), value if isinstance(value, str) else "")


def _read_content(content: object) -> tuple[bytes, bool]:
    """Read a body, and whether it is known to be whole."""
    text, size = find_value(content, "text"), find_value(content, "size")
    if not isinstance(text, str):
        return b"", size == 0
    body = base64.b64decode(text) if find_value(content, "encoding") == "base64" else text.encode()
    # Some tools give another size, such as that of the compressed body.
    return body, not isinstance(size, int) or size <= len(body) or read_object(body) is not None


def _read_headers(of: object) -> Headers:
    headers = find_value(of, "headers")
    if not isinstance(headers, list):
        raise TypeError("expected a list for headers")
    return tuple((_text(header, "name"), _text(header, "value")) for header in cast("list[object]", headers))


def _text(of: object, key: str) -> str:
    return read_plain(str, find_value(of, key), key)
