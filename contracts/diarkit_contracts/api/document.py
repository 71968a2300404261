"""The contract document, loaded once, and its operations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, cast

import yaml

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

DOCUMENT: Final[Traversable] = files("diarkit_contracts.api") / "speaker_diarization.openapi.yaml"
"""The document as written, with comments."""

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The keys of a path item that are operations (OpenAPI 3.1.1, Path Item Object)."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path, as the document declares it.

    Attributes:
        method: in capitals, as on the wire.
        path: the template, as in the document, such as `/tasks/{task_id}`.
        body: the Operation Object, with unresolved references.
    """

    method: str
    path: str
    body: dict[str, object]


@cache
def load_document() -> dict[str, object]:
    """Read the document; the same object each time, so treat it as read-only."""
    document: object = yaml.load(DOCUMENT.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    return as_object(document, "the document")


@cache
def operations() -> tuple[Operation, ...]:
    """List the operations in the order of the document."""
    paths = as_object(load_document()["paths"], "paths")
    return tuple(
        Operation(method.upper(), path, as_object(operation, f"{method} {path}"))
        for path, item in paths.items()
        for method, operation in as_object(item, path).items()
        if method in METHODS
    )


def resolve(node: object) -> dict[str, object]:
    """Resolve a `$ref` of the document; an object without one is returned as it is."""
    found = as_object(node, "a referenced object")
    while isinstance(reference := found.get("$ref"), str):
        found = load_document()
        for part in reference.removeprefix("#/").split("/"):
            found = as_object(found[part.replace("~1", "/").replace("~0", "~")], reference)
    return found


def as_object(node: object, name: str) -> dict[str, object]:
    """Narrow a node of the document to an object with text keys; a `TypeError` gives its `name`."""
    if isinstance(node, dict):
        found = cast("dict[object, object]", node)
        if all(isinstance(key, str) for key in found):
            return cast("dict[str, object]", found)
    raise TypeError(f"{name} of {DOCUMENT.name} must be an object with text keys, but is {node!r:.60}.")
