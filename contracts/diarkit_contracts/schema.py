"""Values held against the schemas of the contract document. Knows JSON Schema, not HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from diarkit_contracts.document import load_document

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


def list_faults(schema: Mapping[str, object] | str, value: object) -> tuple[str, ...]:
    """Say what a schema has against a value.

    Args:
        schema: a schema of the document (its references are followed), or the name of one.
        value: as `json.loads` gives it.

    Returns:
        One line for each fault, with the JSON path to it; for a choice between schemas the fault of the nearest one. Empty if the
        value fits.

    Raises:
        KeyError: if the document has no schema of that name.
    """
    validator = _make_named_validator(schema) if isinstance(schema, str) else _make_validator(schema)
    return tuple(_describe(error) for error in validator.iter_errors(value))


@cache
def _make_named_validator(name: str) -> Draft202012Validator:
    if name not in _read_components()["schemas"]:
        raise KeyError(f"The contract document has no schema {name!r}.")
    return _make_validator({"$ref": f"#/components/schemas/{name}"})


def _make_validator(schema: Mapping[str, object]) -> Draft202012Validator:
    # References begin at the document's root, so the schema becomes a root with the components beside it.
    whole = {**schema, "components": _read_components()}
    return Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _read_components() -> Mapping[str, Mapping[str, object]]:
    components = load_document()["components"]
    assert isinstance(components, Mapping), "the document is tested to have components"
    return components  # pyright: ignore[reportUnknownVariableType] # narrowed from object: its keys are text


def _describe(error: ValidationError) -> str:
    nearest = best_match([error]) or error
    return f"{nearest.json_path}: {nearest.message}"
