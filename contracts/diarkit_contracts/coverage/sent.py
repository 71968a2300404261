"""Kinds of uploads, derived from the verifier's own rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from diarkit_contracts.clauses.acceptance import LIMITS, list_unknown
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request
from diarkit_contracts.exchanges.history import Start, read_history
from diarkit_contracts.rows.inputs import SHORTEST
from diarkit_contracts.rows.uploads import make_uploads

if TYPE_CHECKING:
    from diarkit_contracts.rows.call import Call


@cache
def list_kinds() -> tuple[str, ...]:
    """List all kinds, in the order in which the rows first send them. Generates the rows' recordings."""
    calls = dict.fromkeys(row.call for row in make_uploads() if row.accepted)
    return tuple(dict.fromkeys(kind for call in calls for kind in find_kinds(_start(call))))


def find_kinds(start: Start) -> Iterator[str]:
    """Find the kinds of an upload; unrecorded content has none."""
    yield from _find_audio(start)
    yield from _find_name(start)
    yield from _find_config(start)
    yield from _find_query(start)
    yield from (f"an unknown {kind}" for kind in list_unknown(start))


def _find_audio(start: Start) -> Iterator[str]:
    sound = start.sound
    if sound is None:
        return
    yield {1: "audio of one channel", 2: "audio of two channels"}.get(len(sound.loud), "audio of more channels")
    if sound.length < SHORTEST:
        yield "audio of less than 0.8 s"
    elif not any(sound.loud):
        yield "audio without speech"
    elif not all(sound.loud):
        yield "audio with a silent channel"


def _find_name(start: Start) -> Iterator[str]:
    name = "" if start.file is None else start.file.filename or ""
    if name and not name.isascii():
        yield "a file name beyond ASCII"
    if name and "." not in name:
        yield "a file name without a suffix"


def _find_config(start: Start) -> Iterator[str]:
    config = start.config
    if config is None:
        return
    yield from (f"config with {limit}" for limit in LIMITS if limit in config)
    if not config:
        yield "no config"
    names = [part.name for part in start.exchange.request.parts or ()]
    if {"config", "file"} <= set(names) and names.index("config") < names.index("file"):
        yield "config ahead of the file"


def _find_query(start: Start) -> Iterator[str]:
    query = start.query
    mode, channels = query.get("channel_mode"), query.get("channels")
    yield f"channel_mode {mode}" if mode else "no channel_mode"
    if channels:
        numbers = channels.split(",")
        yield "selected channels" if numbers == sorted(numbers) else "channels in another order"
    bounds = [bound for bound in ("range_from", "range_to") if query.get(bound)]
    if bounds:
        yield " and ".join(bounds)


def _start(call: Call) -> Start:
    request = Request(method=call.method, url=f"http://any{call.target}", parts=call.describe_body())
    return read_history([Exchange(request, Answer(status=202))]).starts[0]
