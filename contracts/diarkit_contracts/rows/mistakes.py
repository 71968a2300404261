"""The rows with requests that the contract refuses: a table with one mistake each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from diarkit_contracts.exchanges.form import BOUNDARY
from diarkit_contracts.exchanges.history import START_PATH
from diarkit_contracts.rows.call import CONFIG, FILE, Attached, Call, Raw, Row, Written

CLIP: Final = "wav:1ch:0.5s"
"""The file of each mistake, short in case a server accepts the request."""

NEVER_GIVEN: Final = "00000000-0000-4000-8000-000000000000"
"""DOC: task ids are UUIDs; this one belongs to no task."""


@cache
def make_mistakes() -> tuple[Row, ...]:
    """Make all rows; those of a short run come first."""
    first = dict(enumerate(_SHORT.items(), start=1))
    rest = dict(enumerate(_LONG.items(), start=len(first) + 1))
    # The last of a short run were added later: ids never change.
    first |= dict(enumerate(_SHORT_TOO.items(), start=len(first) + len(rest) + 1))
    first |= {number: row for number, row in rest.items() if row[0] == _SHORT_NOW}
    return tuple(
        Row(id=f"bad-{number:02d}", what=what, call=call, about=clause)
        for number, (what, (clause, call)) in (first | rest).items()
    )


def post(config: str | None = None, **query: str) -> Call:
    """Return an upload of a small file with a config and a query."""
    parts = (Attached(CLIP),) if config is None else (Attached(CLIP), Written(config))
    return Call(query=tuple(query.items()), body=parts)


def get(task_id: str, method: str = "GET") -> Call:
    """Return a poll."""
    return Call(method=method, path=f"{START_PATH}/{task_id}")


_BROKEN: Final = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF'.encode()

_SHORT: Final[Mapping[str, tuple[str, Call]]] = {
    "unknown-task": ("refusal.unknown-task", get(NEVER_GIVEN)),
    "bad-task-id": ("refusal.bad-task-id", get("not-a-uuid")),
    "both-limits": ("refusal.both-limits", post('{"max_speakers": 3, "total_speakers": 2}')),
    "config-not-json": ("refusal.bad-config", post('{"max_speakers": 2')),
    "config-a-list": ("refusal.bad-config", post('[{"max_speakers": 2}]')),
    "max=0": ("refusal.bad-config", post('{"max_speakers": 0}')),
    "total=-1": ("refusal.bad-config", post('{"total_speakers": -1}')),
    "max=text": ("refusal.bad-config", post('{"max_speakers": "many"}')),
    "no-file": ("refusal.missing-file", Call(body=(Written('{"max_speakers": 2}'),))),
    "file-as-text": ("", Call(body=(Written("RIFF", FILE),))),
    "broken-form": ("refusal.broken-form", Call(body=Raw(f"multipart/form-data; boundary={BOUNDARY}", _BROKEN))),
    "mode=stereo": ("refusal.bad-query", post(channel_mode="stereo")),
    "channels=0;1": ("refusal.bad-query", post(channels="0;1")),
    "from=-1": ("refusal.bad-query", post(range_from="-1")),
    "to=soon": ("refusal.bad-query", post(range_to="soon")),
    "put": ("refusal.method", get(NEVER_GIVEN, "PUT")),
}

_SHORT_TOO: Final[Mapping[str, tuple[str, Call]]] = {
    # As a text field, which most servers refuse immediately: with a file name (row-90) it could start a task in a short run.
    "file-empty": ("refusal.empty-file", Call(body=(Written("", FILE),))),
}

_SHORT_NOW: Final = "system-info"
"""The version, which decides how the rest is judged."""

_LONG: Final[Mapping[str, tuple[str, Call]]] = {
    "total=0": ("refusal.bad-config", post('{"total_speakers": 0}')),
    "max=-1": ("refusal.bad-config", post('{"max_speakers": -1}')),
    "max=1.5": ("refusal.bad-config", post('{"max_speakers": 1.5}')),
    "total=list": ("refusal.bad-config", post('{"total_speakers": [2]}')),
    "max=null": ("", post('{"max_speakers": null}')),
    "total=true": ("", post('{"total_speakers": true}')),
    "max=huge": ("", post('{"max_speakers": 100000000000000000000}')),
    "max=NaN": ("refusal.bad-config", post('{"max_speakers": NaN}')),
    "both-limits-config-first": (
        "refusal.both-limits",
        Call(body=(Written('{"total_speakers": 1, "max_speakers": 1}'), Attached(CLIP))),
    ),
    "config-empty": ("", post("")),  # absent for some frameworks
    "config-a-text": ("refusal.bad-config", post('"max_speakers"')),
    "config-null": ("refusal.bad-config", post("null")),
    "config-deep": ("refusal.bad-config", post("[" * 1500)),
    "config-as-file": ("", Call(body=(Attached(CLIP), Attached("file:junk", "config.json", CONFIG)))),
    "mode-empty": ("refusal.bad-query", post(channel_mode="")),
    "mode=MIX": ("refusal.bad-query", post(channel_mode="MIX")),
    "channels=0,,1": ("refusal.bad-query", post(channels="0,,1")),
    "channels=0, 1": ("refusal.bad-query", post(channels="0, 1")),
    "channels=-1": ("refusal.bad-query", post(channels="-1")),
    "channels=left": ("refusal.bad-query", post(channels="left")),
    "to=-0.5": ("refusal.bad-query", post(range_to="-0.5")),
    "from=begin": ("refusal.bad-query", post(range_from="begin")),
    "from=nan": ("", post(range_from="nan")),
    "to=inf": ("", post(range_to="inf")),
    "no-body": ("", Call()),
    "json-body": ("refusal.broken-form", Call(body=Raw("application/json", b'{"file": "a.wav"}'))),
    "no-boundary": ("refusal.broken-form", Call(body=Raw("multipart/form-data", _BROKEN))),
    "task-id=braces": ("", get("%7B%7D")),
    "task-id-too-long": ("refusal.bad-task-id", get("x" * 300)),
    "delete": ("refusal.method", get(NEVER_GIVEN, "DELETE")),
    "get-start": ("refusal.method", Call(method="GET")),
    "unknown-path": ("", Call(method="GET", path="/api/technology/speaker-diarisation")),
    "system-info": ("", Call(method="GET", path="/api/system/info")),
    "system-status": ("", Call(method="GET", path="/api/system/status")),
}
