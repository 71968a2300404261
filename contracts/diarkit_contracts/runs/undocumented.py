"""List undocumented fields and headers of answers. They are no violations, but clients must not rely on them."""

from __future__ import annotations

from importlib.resources import files
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, cast

from diarkit_contracts.api.document import as_object, resolve
from diarkit_contracts.api.result import find_oversize
from diarkit_contracts.exchanges.history import find_operation, read_object
from diarkit_contracts.runs.verdict import Undocumented

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from diarkit_contracts.exchanges.exchange import Exchange

CHOICES: Final = ("allOf", "anyOf", "oneOf")

MOST: Final = 500
"""Limits per answer and in total, as a server may have any number."""

USUAL_HEADERS: Final = frozenset((files("diarkit_contracts.runs") / "usual_headers.txt").read_text("utf-8").split())
"""Headers of HTTP, browser security and proxies, and the two ids documented for requests."""


def list_undocumented(exchanges: Iterable[Exchange], headers: Iterable[str]) -> tuple[Undocumented, ...]:
    """List undocumented fields and headers, each once.

    Args:
        exchanges: in the order sent.
        headers: documented by the generation in addition to the document.
    """
    seen: dict[str, list[int]] = {}
    known = USUAL_HEADERS | {name.lower() for name in headers}
    for at, exchange in enumerate(exchanges):
        response = _read_response(exchange)
        if response is not None:
            found = chain(_list_headers(exchange, response, known), _list_fields(exchange, response))
            for what in set(islice(found, MOST)):
                if what in seen or len(seen) < MOST:
                    seen.setdefault(what, []).append(at)
    return tuple(Undocumented(what=what, at=at[0], times=len(at)) for what, at in sorted(seen.items()))


def _read_response(exchange: Exchange) -> dict[str, object] | None:
    operation = find_operation(exchange)
    if operation is None:
        return None
    declared = as_object(operation.body["responses"], "responses").get(str(exchange.answer.status))
    return None if declared is None else resolve(declared)


def _list_headers(
    exchange: Exchange, response: Mapping[str, object], known: frozenset[str] | set[str]
) -> Iterator[str]:
    declared = {name.lower() for name in as_object(response.get("headers", {}), "headers")}
    for name, _ in exchange.answer.headers:
        if name.lower() not in known and name.lower() not in declared:
            yield f"header {name.title()}"


def _list_fields(exchange: Exchange, response: Mapping[str, object]) -> Iterator[str]:
    content = as_object(response.get("content", {}), "content").get("application/json")
    body = None if find_oversize(exchange.answer.body) else read_object(exchange.answer.body)
    if content is not None and body is not None:
        schema = as_object(content, "content")["schema"]
        for path in _walk([resolve(schema)], [body], ""):
            yield f"field {path}"


def _walk(schemas: Sequence[dict[str, object]], values: Sequence[object], path: str) -> Iterator[str]:
    """Yield the paths in values at one position that none of the schemas has."""
    schemas = list(_spread(schemas))
    if items := [item for value in values if isinstance(value, list) for item in cast("list[object]", value)]:
        yield from _walk([resolve(schema["items"]) for schema in schemas if "items" in schema], items, f"{path}[]")
    properties: dict[str, list[dict[str, object]]] = {}
    for schema in schemas:
        for name, of in as_object(schema.get("properties", {}), "properties").items():
            properties.setdefault(name, []).append(resolve(of))
    is_closed = bool(properties) and not any("additionalProperties" in schema for schema in schemas)
    inside: dict[str, list[object]] = {}
    for value in values:
        for name, inner in cast("dict[str, object]", value).items() if isinstance(value, dict) else ():
            inside.setdefault(name, []).append(inner)
    for name, inners in inside.items():
        here = f"{path}.{name}" if path else name
        if name in properties:
            yield from _walk(properties[name], inners, here)
        elif is_closed:
            yield here


def _spread(schemas: Iterable[dict[str, object]]) -> Iterator[dict[str, object]]:
    for schema in schemas:
        yield schema
        for choice in CHOICES:
            yield from _spread(resolve(part) for part in cast("list[object]", schema.get(choice, [])))
