"""Exchanges as input for the readers of points: the operation, the mistake of the request, and the values of placeholders.

Everything is derived from the request itself, so that recordings work as well as runs.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Final, cast
from urllib.parse import unquote, urlsplit

from diarkit_contracts.api.points import RESULT, Seen
from diarkit_contracts.clauses.mistake import CHANNELS
from diarkit_contracts.exchanges.exchange import Exchange
from diarkit_contracts.exchanges.form import BOUNDARY, read_boundary
from diarkit_contracts.exchanges.history import START_PATH, History, Look, Start, find_operation, is_uuid, read_object

Mistake = tuple[str, str, str, str]
"""Key of its point, and values of placeholders: the value, the name of the parameter if it varies, the reason."""

NONE: Final[Mistake] = ("", "", "", "")


def list_seen(history: History, url: str) -> Iterator[Seen]:
    """Yield the answers of a history in order."""
    looks = {look.at: look for look in history.looks}
    starts = {start.at: start for start in history.starts}
    base = urlsplit(url)
    for at, exchange in enumerate(history.exchanges):
        request, look = exchange.request, looks.get(at)
        operation = find_operation(exchange)
        start = look.start if look is not None else starts.get(at)
        mistake, value, name, reason = _find_mistake(exchange, look, start, known=operation is not None)
        body = read_object(exchange.answer.body) or {}
        version = body.get("version")
        # As written by the client; elsewhere task ids are in lower case.
        asked = unquote(request.path.rpartition("/")[2]) if look is not None or mistake == "wrong_method" else ""
        yield Seen(
            at=at,
            operation="" if operation is None else f"{operation.method} {operation.path}",
            status=exchange.answer.status,
            mistake=mistake,
            header=exchange.answer.header,
            text=exchange.answer.body.decode("utf-8", "replace"),
            query=request.query if start is None else start.query,
            body=body,
            values={
                "task_id": asked if is_uuid(asked) else "",
                "value": value,
                "name": name,
                "reason": reason,
                "method": request.method,
                "allowed": "POST" if request.path.endswith(START_PATH) else "GET",
                "path": request.path,
                "version": version if isinstance(version, str) else "",
                "base": f"{base.scheme}://{base.netloc}",
                "host": base.netloc,
            },
        )


def _find_mistake(exchange: Exchange, look: Look | None, start: Start | None, *, known: bool) -> Mistake:
    """Find the single mistake of a request, or of its task's upload; none if there are several."""
    request = exchange.request
    if look is not None and look.start is None:
        if not is_uuid(look.asked):
            return "bad_task_id", unquote(request.path.rpartition("/")[2]), "", ""
        return ("unknown_task", "", "", "") if exchange.answer.status == 404 else NONE
    if start is None:
        ours = any(path.endswith(START_PATH) for path in (request.path, request.path.rpartition("/")[0]))
        return NONE if known else ("wrong_method" if ours else "unknown_path", "", "", "")
    if look is None:
        found = [*_find_in_form(start), *_find_in_config(start), *_find_in_query(start)]
        return found[0] if len(found) == 1 else ("several", "", "", "") if found else NONE
    return next(_find_in_recording(start), NONE)


def _find_in_form(start: Start) -> Iterator[Mistake]:
    request, file = start.exchange.request, start.file
    if request.parts is None:
        content_type = request.header("Content-Type") or ""
        yield ("broken_form", "", "", "") if read_boundary(content_type) == BOUNDARY else ("no_form", "", "", "")
    elif file is None:
        yield "missing_file", "", "", ""
    elif file.filename is None:
        yield ("text_file", file.text or "", "", "") if file.size else ("empty_text_file", "", "", "")


def _find_in_config(start: Start) -> Iterator[Mistake]:
    part = start.find_part("config")
    if part is None:
        return
    text = part.text or ""
    if part.filename is not None:
        yield "config_file", "", "", ""
        return
    if part.text == "":  # may count as absent
        return
    try:
        config: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield "broken_config", text, "", str(error)
        return
    if not isinstance(config, dict):
        yield "config_type", _write_value(config), "", ""
        return
    known = cast("dict[str, object]", config)
    limits = {key: known[key] for key in ("max_speakers", "total_speakers") if key in known}
    bad = False
    for key, limit in limits.items():
        value = _write_value(limit)
        if isinstance(limit, bool) or not isinstance(limit, int):
            bad = True
            yield "limit_type", value, key, ""
        elif limit < 1:
            bad = True
            yield "bad_limit", value, key, ""
    if len(limits) > 1 and not bad:
        yield "both_limits", "", "", ""


def _write_value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _find_in_query(start: Start) -> Iterator[Mistake]:
    query = start.query
    if (mode := query.get("channel_mode", "split")) not in {"split", "mix"}:
        yield "bad_mode", mode, "", ""
    if not CHANNELS.fullmatch(channels := query.get("channels", "")):
        yield "bad_channels", channels, "", ""
    for name in ("range_from", "range_to"):
        try:
            seconds = float(query.get(name, "0"))
        except ValueError:
            yield "bad_time", query[name], name, ""
        else:
            if not math.isfinite(seconds):
                yield "odd_time", query[name], name, ""
            elif seconds < 0:
                yield "negative_time", query[name], name, ""


def _find_in_recording(start: Start) -> Iterator[Mistake]:
    """Find mistakes that only the recording of an upload shows."""
    file, sound = start.file, start.sound
    if sound is None:
        if file is not None and file.size and start.exchange.request.is_body_known:
            yield "undecodable", "", "", ""
        return
    beyond = [each for each in start.channels or () if each >= sound.channels]
    if beyond:
        yield "channel_beyond", str(beyond[0]), "", ""
    first, last = (float(start.query.get(name) or 0) for name in ("range_from", "range_to"))
    if last and last <= first:
        yield "range_reversed", start.query["range_to"], "", ""
    elif first >= sound.seconds > 0 and first:
        yield "range_beyond", start.query["range_from"], "", ""


def describe_seen(seen: Seen, row: str) -> str:
    """Describe an exchange without host and id: row, operation and status."""
    place = RESULT.partition(" ")[2] if seen.values["task_id"] else "another path"
    asked = seen.operation or f"{seen.values['method']} {place}"
    return f"{row or 'outside of rows'}: {asked} -> {seen.status}"
