"""Validate values against the schemas of the contract document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import islice
from typing import Any, Final, cast

from jsonschema import Draft202012Validator, exceptions

from diarkit_contracts.api.document import as_object, load_document, resolve

SCHEMAS: Final = "#/components/schemas/"
"""Prefix of references to named schemas of the document."""


def list_faults(schema: Mapping[str, object] | str, value: object) -> tuple[str, ...]:
    """List the validation errors of a value, one line each with its JSON path.

    The schema is one of the document, with references, or its name; for a choice between schemas the error of the closest one is
    listed.
    """
    if not isinstance(schema, str) and len(schema) == 1 and str(schema.get("$ref")).startswith(SCHEMAS):
        schema = str(schema["$ref"]).removeprefix(SCHEMAS)  # named schemas are compiled once
    validator = _make_named_validator(schema) if isinstance(schema, str) else _make_validator(schema)
    return tuple(_describe(error) for error in validator.iter_errors(value))


def exceeds(value: object, most: int) -> bool:
    """Return whether a value contains more than `most` values in total; stops counting then."""
    seen, waiting = 0, [value]
    while waiting and seen + len(waiting) <= most:
        seen += 1
        one = waiting.pop()
        inside: Iterable[object] = ()
        if isinstance(one, dict):
            inside = cast("dict[str, object]", one).values()
        elif isinstance(one, list):
            inside = cast("list[object]", one)
        waiting.extend(islice(inside, most))
    return bool(waiting)


@cache
def _make_named_validator(name: str) -> Any:
    components = as_object(load_document()["components"], "components")
    if name not in as_object(components["schemas"], "components/schemas"):
        raise KeyError(f"The contract document has no schema {name!r}.")
    return _make_validator({"$ref": SCHEMAS + name})


def _make_validator(schema: Mapping[str, object]) -> Any:  # its own types are incomplete
    # Resolving references for each value would take half of the time.
    whole = as_object(_inline(dict(schema)), "a schema")
    return Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _inline(node: object) -> object:
    """Replace references by their targets; the document has no recursive schemas."""
    if isinstance(node, list):
        return [_inline(item) for item in cast("list[object]", node)]
    if isinstance(node, dict):
        return {key: _inline(value) for key, value in resolve(cast("dict[str, object]", node)).items()}
    return node


def _describe(error: Any) -> str:
    nearest = cast("Any", exceptions.best_match([error]))  # pyright: ignore[reportUnknownMemberType]
    return f"{nearest.json_path}: {nearest.message}"
