"""Rows as JSON, written and read, to save and resend failing examples.

A file contains a list of rows:

{"id": "found-01", "what": "upload", "method": "POST", "path": "/api/...", "query": [["channels", "1,0"]],
"body": [{"attach": "wav:2ch:4.0s", "filename": "a.wav", "name": "file"}, {"text": "{}", "name": "config"}]}
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Literal, TypeAlias

from diarkit_contracts.rows.call import Attached, Call, Carried, Raw, Row, Written
from diarkit_fixtures.texts.read import make_yaml, read_value
from diarkit_fixtures.texts.tree import Flaw, Items, Leaf, Node, find_node

Plain: TypeAlias = "dict[str, object]"


def _read_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise ValueError(f"expected base64, got {text!r:.60}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raw:
    content_type: str
    base64: Annotated[bytes, _read_base64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    id: str
    what: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: tuple[Attached | Written, ...] | _Raw | Literal[None] = None  # noqa: PYI061 - a null that may be written, too
    accepted: bool = False
    looks: tuple[str, ...] = ()
    fresh: bool = False
    cookies: bool = False


def read_rows(text: str, file: str) -> tuple[Row, ...]:
    """Read rows."""
    rows, _ = read_value(tuple[_Row, ...], make_yaml(text), source=file, check=_check)
    return tuple(map(_make_row, rows))


def write_row(row: Row) -> Plain:
    """Convert a row to plain values."""
    call = row.call
    return {
        "id": row.id,
        "what": row.what,
        "method": call.method,
        "path": call.path,
        "query": [list(pair) for pair in call.query],
        "body": _write_body(call.body),
        "accepted": row.accepted,
        "looks": list(row.looks),
        "fresh": row.fresh,
        "cookies": row.cookies,
    }


def _write_body(body: tuple[Attached | Carried | Written, ...] | Raw | None) -> object:
    if body is None:
        return None
    if isinstance(body, Raw):
        return {"content_type": body.content_type, "base64": base64.b64encode(body.content).decode()}
    # Own recordings are sent only to the target and never written.
    return [asdict(part) for part in body if not isinstance(part, Carried)]


def _make_row(row: _Row) -> Row:
    body = Raw(row.body.content_type, row.body.base64) if isinstance(row.body, _Raw) else row.body
    call = Call(method=row.method, path=row.path, query=row.query, body=body)
    fields = {name: getattr(row, name) for name in ("id", "what", "accepted", "looks", "fresh", "cookies")}
    return Row(call=call, **fields)


def _check(tree: Node) -> Iterator[Flaw]:
    """Check beyond the types: at least one row, and unique ids."""
    rows = tree.nodes if isinstance(tree, Items) else ()
    if isinstance(tree, Items) and not rows:
        yield Flaw(tree.place, "expected a list of rows, got an empty one")
    seen: set[object] = set()
    for node in (find_node(row, ("id",)) for row in rows):
        if isinstance(node, Leaf):
            if node.value in seen:
                yield Flaw(node.place, f"id: expected a unique id, got {node.value!r:.60} again")
            seen.add(node.value)
