"""Exchanges of the journal as an HTTP Archive (HAR 1.2), for browsers' tools and proxies. Tells no secrets unless it is told to.

Source:
    HAR 1.2 (the draft of the W3C web performance group). Sizes that nobody counted are -1 there, times are milliseconds.
"""

from __future__ import annotations

import base64
import json
from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import parse_qsl, quote

from diarkit_mockserver.clock import SECOND, tell_date
from diarkit_mockserver.journal.export import list_answer_headers, read_text
from diarkit_mockserver.journal.journal import tell_headers
from diarkit_mockserver.journal.redaction import hide_query, hide_values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarkit_mockserver.journal.journal import Entry

Json: TypeAlias = dict[str, Any]

MILLISECOND: Final = SECOND // 1000
UNKNOWN_SIZE: Final = -1
STATUSES: Final = {status.value: status.phrase for status in HTTPStatus}


def write_har(entries: Iterable[Entry], *, epoch: int, reveal: bool = False) -> Json:
    """Write exchanges as an archive.

    Args:
        entries: of one world's journal.
        epoch: the date at the beginning of that world, in seconds since 1970 UTC.
        reveal: tell the values of all headers and parameters.
    """
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "diarkit", "version": version("diarkit")},
            "entries": [_write_entry(entry, epoch, reveal=reveal) for entry in entries],
        }
    }


def _write_entry(entry: Entry, epoch: int, *, reveal: bool) -> Json:
    waited = (entry.answered_at - entry.asked_at) / MILLISECOND
    written: Json = {
        "startedDateTime": tell_date(epoch, entry.asked_at).isoformat(timespec="microseconds"),
        "time": waited,
        "request": _write_request(entry, reveal=reveal),
        "response": _write_response(entry, reveal=reveal),
        "cache": {},
        "timings": {"send": 0, "wait": waited, "receive": 0},
        "connection": str(entry.connection),
    }
    comment = "; ".join(part for part in (entry.rule and f"rule {entry.rule}", entry.note) if part)
    return {**written, "comment": comment} if comment else written


def _write_request(entry: Entry, *, reveal: bool) -> Json:
    request = entry.request
    query = request.query_string if reveal else hide_query(request.query_string)
    host = request.headers.get("host") or request.server
    url = f"{request.scheme}://{host}{quote(request.path, safe='/:@!$&()*+,;=~-._')}"
    written: Json = {
        "method": request.method,
        "url": f"{url}?{query}" if query else url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _write_pairs(tell_headers(request.headers.items(), reveal=reveal).items()),
        "queryString": _write_pairs(parse_qsl(query, keep_blank_values=True, errors="replace")),
        "headersSize": UNKNOWN_SIZE,
        "bodySize": entry.received,
    }
    if entry.submission is not None:
        written["postData"] = _write_form(entry, reveal=reveal)
    return written


def _write_form(entry: Entry, *, reveal: bool) -> Json:
    submission = entry.submission
    assert submission is not None  # noqa: S101 - the caller's condition
    file = {
        "name": "file",
        "fileName": submission.filename,
        "comment": f"sha256 {submission.sha256}, {submission.size} bytes, first bytes {submission.first_bytes.hex()}",
    }
    params: list[Json] = [file]
    if submission.config is not None:
        config = submission.config if reveal else hide_values(submission.config)
        params.append({"name": "config", "value": json.dumps(config, ensure_ascii=False)})
    return {"mimeType": entry.request.headers.get("content-type", ""), "params": params}


def _write_response(entry: Entry, *, reveal: bool) -> Json:
    headers = list_answer_headers(entry, reveal=reveal)
    told = dict(headers)
    content: Json = {"size": len(entry.body), "mimeType": told.get("content-type", "application/octet-stream")}
    text = read_text(entry.body)
    if text is None:
        content |= {"text": base64.b64encode(entry.body).decode(), "encoding": "base64"}
    elif text:
        content["text"] = text
    return {
        "status": entry.status,
        "statusText": STATUSES.get(entry.status, ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _write_pairs(headers),
        "content": content,
        "redirectURL": "",
        "headersSize": UNKNOWN_SIZE,
        "bodySize": len(entry.body),
    }


def _write_pairs(pairs: Iterable[tuple[str, str]]) -> list[Json]:
    return [{"name": name, "value": value} for name, value in pairs]
