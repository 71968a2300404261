"""What answers have that the contract does not: fields and headers. No fault: a server may say more than a client may rely on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, cast

from diarkit_contracts.api.document import as_object, operations, resolve
from diarkit_contracts.api.result import find_oversize
from diarkit_contracts.exchanges.history import find_operation, read_object
from diarkit_contracts.runs.verdict import Undocumented

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from diarkit_contracts.exchanges.exchange import Exchange

CHOICES: Final = ("allOf", "anyOf", "oneOf")

MOST: Final = 500
"""Of an answer, and in all: nobody reads on, and a server may have as many as it likes."""

USUAL_HEADERS: Final = frozenset((files("diarkit_contracts.runs") / "usual_headers.txt").read_text("utf-8").split())
"""Headers of HTTP, of browsers' security and of proxies, and the two ids that the reference documents for requests."""


class Known:
    """What some schemas of the document know of a value, each read once: a run looks up the same ones for every answer.

    Args:
        schemas: for values in one place; without references.
    """

    def __init__(self, schemas: Iterable[dict[str, object]]) -> None:
        self._schemas = tuple(_spread(schemas))

    @cached_property
    def items(self) -> Known:
        """Of the items of a list."""
        return Known(resolve(schema["items"]) for schema in self._schemas if "items" in schema)

    @cached_property
    def properties(self) -> dict[str, Known]:
        """Of the fields of an object, by name."""
        found: dict[str, list[dict[str, object]]] = {}
        for schema in self._schemas:
            for name, of in as_object(schema.get("properties", {}), "properties").items():
                found.setdefault(name, []).append(resolve(of))
        return {name: Known(schemas) for name, schemas in found.items()}

    @cached_property
    def is_closed(self) -> bool:
        """Whether it names all fields."""
        return bool(self.properties) and not any("additionalProperties" in schema for schema in self._schemas)

    def walk(self, values: Sequence[object], path: str) -> Iterator[str]:
        """Yield the paths of what is not known, in values that stand in the same place."""
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


@dataclass(frozen=True, slots=True)
class Declared:
    """One response of the document.

    Attributes:
        headers: in lower case.
        body: None if it has none in JSON.
    """

    headers: frozenset[str]
    body: Known | None


def list_undocumented(exchanges: Iterable[Exchange], headers: Iterable[str]) -> tuple[Undocumented, ...]:
    """List fields and headers that the contract does not have, each once.

    Args:
        exchanges: in the order in which they were sent.
        headers: that the generation documents beside those of the document.
    """
    seen: dict[str, list[int]] = {}
    known = USUAL_HEADERS | {name.lower() for name in headers}
    for at, exchange in enumerate(exchanges):
        operation = find_operation(exchange)
        declared = (
            None if operation is None else _read_declared(operation.method, operation.path, exchange.answer.status)
        )
        if declared is not None:
            unknown = chain(_list_headers(exchange, declared.headers | known), _list_fields(exchange, declared.body))
            for what in set(islice(unknown, MOST)):
                if what in seen or len(seen) < MOST:
                    seen.setdefault(what, []).append(at)
    return tuple(Undocumented(what=what, at=at[0], times=len(at)) for what, at in sorted(seen.items()))


@cache
def _read_declared(method: str, path: str, status: int) -> Declared | None:
    operation = next(one for one in operations() if (one.method, one.path) == (method, path))
    declared = as_object(operation.body["responses"], "responses").get(str(status))
    if declared is None:
        return None
    response = resolve(declared)
    content = as_object(response.get("content", {}), "content").get("application/json")
    return Declared(
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
