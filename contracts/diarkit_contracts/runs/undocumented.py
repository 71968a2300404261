"""List undocumented fields and headers of answers. They are no violations, but clients must not rely on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property
from importlib.resources import files
from itertools import chain, islice
from typing import Final, cast

from diarkit_contracts.api.document import as_object, operations, resolve
from diarkit_contracts.api.result import find_oversize
from diarkit_contracts.exchanges.exchange import Exchange
from diarkit_contracts.exchanges.history import find_operation, read_object
from diarkit_contracts.runs.verdict import Undocumented

CHOICES: Final = ("allOf", "anyOf", "oneOf")

MOST: Final = 500
"""Limits per answer and in total, as a server may have any number."""

USUAL_HEADERS: Final = frozenset((files("diarkit_contracts.runs") / "usual_headers.txt").read_text("utf-8").split())
"""Headers of HTTP, browser security and proxies, and the two ids documented for requests."""


class Known:
    """The fields that some schemas define for values at one position, cached as a run needs them for every answer."""

    def __init__(self, schemas: Iterable[dict[str, object]]) -> None:
        self._schemas = tuple(_spread(schemas))

    @cached_property
    def items(self) -> Known:
        """For the items of a list."""
        return Known(resolve(schema["items"]) for schema in self._schemas if "items" in schema)

    @cached_property
    def properties(self) -> dict[str, Known]:
        """For the fields of an object, by name."""
        found: dict[str, list[dict[str, object]]] = {}
        for schema in self._schemas:
            for name, of in as_object(schema.get("properties", {}), "properties").items():
                found.setdefault(name, []).append(resolve(of))
        return {name: Known(schemas) for name, schemas in found.items()}

    @cached_property
    def is_closed(self) -> bool:
        """Whether other fields are undocumented."""
        return bool(self.properties) and not any("additionalProperties" in schema for schema in self._schemas)

    def walk(self, values: Sequence[object], path: str) -> Iterator[str]:
        """Yield the paths of undocumented fields in values at one position."""
        if items := [item for value in values if isinstance(value, list) for item in cast("list[object]", value)]:
            yield from self.items.walk(items, f"{path}[]")
        inside: dict[str, list[object]] = {}
        for value in values:
            for name, inner in cast("dict[str, object]", value).items() if isinstance(value, dict) else ():
                inside.setdefault(name, []).append(inner)
        for name, inners in inside.items():
            here = f"{path}.{name}" if path else name
            if (known := self.properties.get(name)) is not None:
                yield from known.walk(inners, here)
            elif self.is_closed:
                yield here


def list_undocumented(exchanges: Iterable[Exchange], headers: Iterable[str]) -> tuple[Undocumented, ...]:
    """List fields and headers that neither the document nor the generation, whose headers are given, documents, each once."""
    seen: dict[str, list[int]] = {}
    known = USUAL_HEADERS | {name.lower() for name in headers}
    for at, exchange in enumerate(exchanges):
        operation = find_operation(exchange)
        declared = (
            None if operation is None else _read_declared(operation.method, operation.path, exchange.answer.status)
        )
        if declared is not None:
            names, body = declared
            unknown = chain(_list_headers(exchange, names | known), _list_fields(exchange, body))
            for what in set(islice(unknown, MOST)):
                if what in seen or len(seen) < MOST:
                    seen.setdefault(what, []).append(at)
    return tuple(Undocumented(what=what, at=at[0], times=len(at)) for what, at in sorted(seen.items()))


@cache
def _read_declared(method: str, path: str, status: int) -> tuple[frozenset[str], Known | None] | None:
    """Read a declared response: its headers in lower case, and its JSON body if any."""
    operation = next(one for one in operations() if (one.method, one.path) == (method, path))
    declared = as_object(operation.body["responses"], "responses").get(str(status))
    if declared is None:
        return None
    response = resolve(declared)
    content = as_object(response.get("content", {}), "content").get("application/json")
    return (
        frozenset(name.lower() for name in as_object(response.get("headers", {}), "headers")),
        None if content is None else Known([resolve(as_object(content, "content")["schema"])]),
    )


def _list_headers(exchange: Exchange, known: frozenset[str]) -> Iterator[str]:
    return (f"header {name.title()}" for name, _ in exchange.answer.headers if name.lower() not in known)


def _list_fields(exchange: Exchange, known: Known | None) -> Iterator[str]:
    if known is None or find_oversize(exchange.answer.body):
        return
    body = read_object(exchange.answer.body)
    if body is not None:
        yield from (f"field {path}" for path in known.walk([body], ""))


def _spread(schemas: Iterable[dict[str, object]]) -> Iterator[dict[str, object]]:
    for schema in schemas:
        yield schema
        for choice in CHOICES:
            yield from _spread(resolve(part) for part in cast("list[object]", schema.get(choice, [])))
