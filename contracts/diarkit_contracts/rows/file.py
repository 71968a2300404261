"""Rows written to JSON and read back, so that a find can be kept and sent again. Sends nothing and judges nothing.

A file holds a list of them:

{"id": "found-01", "what": "upload", "method": "POST", "path": "/api/...", "query": [["channels", "1,0"]],
"body": [{"attach": "wav:2ch:4.0s", "filename": "a.wav", "name": "file"}, {"text": "{}", "name": "config"}]}
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from diarkit_contracts.api.error import ContractsError
from diarkit_contracts.rows.call import CONFIG, FILE, Attached, Call, Raw, Row, Written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Plain: TypeAlias = "dict[str, object]"

KEYS: Final = frozenset({"id", "what", "method", "path", "query", "body", "accepted"})


class RowFileError(ContractsError, ValueError):
    """What was read is no row."""

    def __init__(self, place: str, expected: str, got: object) -> None:
        self.place = place
        self.expected = expected
        self.got = got
        super().__init__(f"{place}: expected {expected}, got {got!r:.80}")


def load_rows(path: Path) -> tuple[Row, ...]:
    """Read the rows of a file.

    Raises:
        RowFileError: naming the place that is wrong: line and column, or number of the row and key.
        OSError: the file can't be read.
    """
    try:
        plain: object = json.loads(path.read_bytes())
    except json.JSONDecodeError as error:
        raise RowFileError(f"{path}:{error.lineno}:{error.colno}", "JSON", error.msg) from None
    except UnicodeDecodeError:
        raise RowFileError(str(path), "JSON in UTF-8", "other bytes") from None
    listed = _read_list(plain, str(path))
    if not listed:
        raise RowFileError(str(path), "a list of rows", listed)
    rows: dict[str, Row] = {}
    for number, each in enumerate(listed, start=1):
        try:
            row = read_row(each)
        except RowFileError as error:
            raise RowFileError(f"{path}: row {number}: {error.place}", error.expected, error.got) from None
        if row.id in rows:
            raise RowFileError(f"{path}: row {number}: id", "one that no row before it has", row.id)
        rows[row.id] = row
    return tuple(rows.values())


def write_row(row: Row) -> Plain:
    """Write a row as plain values."""
    call = row.call
    return {
        "id": row.id,
        "what": row.what,
        "method": call.method,
        "path": call.path,
        "query": [list(pair) for pair in call.query],
        "body": _write_body(call.body),
        "accepted": row.accepted,
    }


def read_row(plain: object) -> Row:
    """Read a row from plain values.

    Raises:
        RowFileError: naming the key that is wrong.
    """
    if not isinstance(plain, dict):
        raise RowFileError("row", "an object", plain)
    told = cast("Mapping[str, object]", plain)
    for key in told:
        if key not in KEYS:
            raise RowFileError("row", f"only {', '.join(sorted(KEYS))}", key)
    return Row(
        id=_read_text(told, "id"),
        what=_read_text(told, "what"),
        call=Call(
            method=_read_text(told, "method"),
            path=_read_text(told, "path"),
            query=tuple(_read_pair(pair) for pair in _read_list(told.get("query", []), "query")),
            body=_read_body(told.get("body")),
        ),
        accepted=told.get("accepted", False) is True,
    )


def _write_body(body: tuple[Attached | Written, ...] | Raw | None) -> object:
    if body is None:
        return None
    if isinstance(body, Raw):
        return {"content_type": body.content_type, "base64": base64.b64encode(body.content).decode()}
    return [_write_part(part) for part in body]


def _write_part(part: Attached | Written) -> Plain:
    if isinstance(part, Written):
        return {"text": part.text, "name": part.name}
    return {"attach": part.input, "filename": part.filename, "name": part.name}


def _read_body(plain: object) -> tuple[Attached | Written, ...] | Raw | None:
    if plain is None:
        return None
    if isinstance(plain, dict):
        told = cast("Mapping[str, object]", plain)
        text = _read_text(told, "base64")
        try:
            content = base64.b64decode(text, validate=True)
        except ValueError:
            raise RowFileError("body.base64", "base64", text) from None
        return Raw(_read_text(told, "content_type"), content)
    return tuple(_read_part(part) for part in _read_list(plain, "body"))


def _read_part(plain: object) -> Attached | Written:
    if not isinstance(plain, dict):
        raise RowFileError("body", "objects with attach or text", plain)
    told = cast("Mapping[str, object]", plain)
    if "attach" not in told:
        return Written(_read_text(told, "text"), _read_text(told, "name", CONFIG))
    filename = None if told.get("filename") is None else _read_text(told, "filename")
    return Attached(_read_text(told, "attach"), filename, _read_text(told, "name", FILE))


def _read_pair(plain: object) -> tuple[str, str]:
    pair = _read_list(plain, "query")
    if len(pair) != 2 or not all(isinstance(text, str) for text in pair):
        raise RowFileError("query", "pairs of texts", plain)
    return cast("str", pair[0]), cast("str", pair[1])


def _read_list(plain: object, place: str) -> list[object]:
    if not isinstance(plain, list):
        raise RowFileError(place, "a list", plain)
    return cast("list[object]", plain)


def _read_text(told: Mapping[str, object], key: str, default: str | None = None) -> str:
    value = told.get(key, default)
    if not isinstance(value, str):
        raise RowFileError(key, "a text", value)
    return value
