"""The JSON Schema of scenario files, for editors, generated from the dataclasses.

Checks in the classes' code are repeated here as tables, as they can't be derived.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Final, cast

from diarkit_contracts.api.document import load_document
from diarkit_fixtures.texts.fields import Field, Kind, list_fields
from diarkit_mockserver.intake.submission import Media
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.course import ByRealTime, PollCounts, StateSeconds
from diarkit_mockserver.scenario.faults import EFFECTS, Drip, Fault, Latency, LogNormal, Outage
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.model import OUTCOMES, UUID, Rule, Scenario, SeededTask, SpokenSegment, Then
from diarkit_mockserver.scenario.when import When

Schema = dict[str, object]

COUNT: Final[Schema] = {"minimum": 1}
NOT_NEGATIVE: Final[Schema] = {"minimum": 0}
HTTP_STATUS: Final[Schema] = {"minimum": 200, "maximum": 599}
AMOUNT: Final[Schema] = {"minimum": 0, "maximum": 1e15}
PAUSE: Final[Schema] = {"minimum": 0, "maximum": 1_000_000}

BOUNDS: Final[Mapping[type, Mapping[str, Schema]]] = {
    When: {"sha256": {"pattern": "^[0-9a-fA-F]{8,64}$"}, "upload": COUNT, "occurrence": COUNT},
    HttpAnswer: {"status": HTTP_STATUS, "times": COUNT, "retry_after": NOT_NEGATIVE},
    SpokenSegment: dict.fromkeys(("speaker_id", "start_time", "end_time"), NOT_NEGATIVE),
    Then: {"speakers": NOT_NEGATIVE, "http": HTTP_STATUS, "der": {"minimum": 0, "maximum": 0.5}},
    Rule: {"times": COUNT},
    SeededTask: {"id": {"pattern": f"^{UUID}$"}, "speakers": NOT_NEGATIVE},
    Media: {"duration": {"minimum": 0, "maximum": 86_400}, "channels": {"minimum": 1, "maximum": 64}},
    PollCounts: dict.fromkeys(("pending", "running", "cancelled"), NOT_NEGATIVE),
    StateSeconds: dict.fromkeys(("pending", "running", "cancelled"), NOT_NEGATIVE),
    ByRealTime: {"realtime_factor": {"exclusiveMinimum": 0}, "workers": COUNT, "overhead": NOT_NEGATIVE},
    Limits: {
        **dict.fromkeys(("upload_bytes", "upload_seconds", "storage_bytes"), AMOUNT),
        **dict.fromkeys(("queue_length", "audio_seconds", "finished_seconds", "abandoned_seconds"), AMOUNT),
        "finished_tasks": COUNT,
    },
    Rate: {"requests": NOT_NEGATIVE, "seconds": {"exclusiveMinimum": 0, "maximum": 1_000_000_000}},
    Fault: {
        **dict.fromkeys(("ordinal", "every", "times"), COUNT),
        "share": {"minimum": 0, "maximum": 1},
        "http": HTTP_STATUS,
    },
    Latency: {"fixed": PAUSE, "uniform": PAUSE},
    LogNormal: {"median": PAUSE, "sigma": {"minimum": 0, "maximum": 5}},
    Drip: {"bytes": COUNT, "every": PAUSE},
    Outage: {"seconds": PAUSE},
}
"""Bounds of single values, including those in a list."""


def _with(*names: str) -> Schema:
    """Require all of some keys."""
    return {"required": [*names]}


def _without(*names: str) -> Schema:
    """Refuse any of some keys."""
    return {"not": {"anyOf": [*map(_with, names)]}}


def _where(name: str, value: Schema) -> Schema:
    """Require a key with such a value."""
    return {"required": [name], "properties": {name: value}}


NO_OUTCOME: Final = _without(*OUTCOMES)
ONE_OUTCOME: Final[Schema] = {"oneOf": [*map(_with, OUTCOMES), NO_OUTCOME]}
VALID_RESULT: Final[Schema] = {"properties": {"result": {"$ref": "#/$defs/SpeakerDiarizationResult"}}}
FOR_POLLS: Final = _where("on", {"const": "poll"})

END_STATES: Final[Mapping[str, Schema]] = {
    "done": _without("failed", "rejected"),
    "failed": _with("failed"),
    "rejected": _with("rejected"),
    "cancelled": NO_OUTCOME,
}
"""Constraints of a seeded task by its state."""

TOGETHER: Final[Mapping[type, Schema]] = {
    Fault: {
        "oneOf": [*map(_with, EFFECTS)],
        "not": {
            "anyOf": [
                _where("http", {"type": "object", "anyOf": [_with("on"), _with("times")]}),
                _with("ordinal", "every"),
            ]
        },
    },
    Latency: {"oneOf": [*map(_with, ("fixed", "uniform", "log_normal"))]},
    HttpAnswer: {"if": _where("times", {"type": "integer", "minimum": 2}), "then": FOR_POLLS},
    Then: {
        "allOf": [
            ONE_OUTCOME,
            {
                "if": {**_with("http"), "not": {"properties": {"http": {**FOR_POLLS, "type": "object"}}}},
                "then": NO_OUTCOME,
            },
            {"if": _with("der"), "then": _without("result", "failed", "rejected")},  # they have no segments
            {"if": {"not": _where("breaks_contract", {"const": True})}, "then": VALID_RESULT},
        ]
    },
    SeededTask: {
        "allOf": [
            ONE_OUTCOME,
            VALID_RESULT,
            *({"if": _where("state", {"const": state}), "then": allowed} for state, allowed in END_STATES.items()),
        ]
    },
}
"""Constraints between the keys of a mapping."""

IN_SCHEMA: Final = "#/$defs/"
IN_OPENAPI: Final = "#/components/schemas/"
"""Prefixes of references in a JSON Schema, and in an OpenAPI document."""

TYPES: Final[Mapping[type, str]] = {bool: "boolean", int: "integer", float: "number", str: "string"}


def scenario_schema() -> Schema:
    """Return the schema of scenario files, JSON Schema 2020-12.

    It accepts everything that `load_scenario` accepts, and more where a schema is not expressive enough: times in the wrong order,
    inconsistent counts, missing files.
    """
    written: dict[str, Schema] = {}
    root = _write_mapping(Scenario, written)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **root,
        "title": "diarkit scenario",
        "$defs": {**written, **_write_result()},
    }


def list_schemas(*classes: type) -> Schema:
    """Return the schemas of classes and nested classes by name, with references under `#/$defs/`."""
    written: dict[str, Schema] = {}
    for cls in classes:
        written[cls.__name__] = _write_mapping(cls, written)
    return {**written, **_write_result()}


def _write_mapping(cls: type, written: dict[str, Schema]) -> Schema:
    texts = _read_attributes(cls)
    known = list_fields(cls)
    schema: Schema = {
        "title": cls.__name__,
        "description": inspect.cleandoc(cls.__doc__ or "").partition("\n")[0],
        "type": "object",
        "properties": {one.name: _write_field(cls, one, texts.get(one.name), written) for one in known},
        "additionalProperties": False,
    }
    if getattr(cls, "EXTENSIBLE", False):
        schema["patternProperties"] = {"^x-": {}}
    if required := [one.name for one in known if one.required]:
        schema["required"] = required
    return {**schema, **TOGETHER.get(cls, {})}


def _write_field(cls: type, field: Field, text: str | None, written: dict[str, Schema]) -> Schema:
    schema: Schema = _write_kind(field.kind, BOUNDS.get(cls, {}).get(field.name, {}), written)
    if field.default == ():
        either: list[object] = [schema, {"type": "null"}]
        schema = {"anyOf": either}
    if text is not None:
        schema["description"] = text
    if is_dataclass(field.default) and not isinstance(field.default, type):
        schema["default"] = asdict(
            field.default, dict_factory=lambda pairs: {key: value for key, value in pairs if value is not None}
        )
    elif not field.required and field.default is not None:
        schema["default"] = list(cast("tuple[object, ...]", field.default)) if field.default == () else field.default
    return schema


def _write_kind(kind: Kind, limits: Schema, written: dict[str, Schema]) -> Schema:
    branches: list[Schema] = [{"enum": list(kind.words)}] if kind.words else []
    branches += [{"type": TYPES[scalar], **limits} for scalar in kind.scalars]
    if kind.item is not None:
        size: Schema = {} if kind.count is None else {"minItems": kind.count, "maxItems": kind.count}
        branches.append({"type": "array", "items": _write_kind(kind.item, limits, written), **size})
    for mapping in kind.mappings:
        if mapping.__name__ not in written:
            written[mapping.__name__] = {}
            written[mapping.__name__] = _write_mapping(mapping, written)
        branches.append({"$ref": IN_SCHEMA + mapping.__name__})
        if getattr(mapping, "IN_ORDER", False):
            values = list(cast("Schema", written[mapping.__name__]["properties"]).values())
            branches.append({"type": "array", "prefixItems": values, "minItems": len(values), "maxItems": len(values)})
    if kind.free:
        branches.append({"type": "object"})
    return branches[0] if len(branches) == 1 else {"anyOf": branches}


def _read_attributes(cls: type) -> dict[str, str]:
    """Read the docstring's section `Attributes`."""
    section = inspect.cleandoc(cls.__doc__ or "").partition("Attributes:\n")[2]
    entries = re.findall(r"^ {4}(\w+): (.*(?:\n {5,}.*)*)", section, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}


def _write_result() -> dict[str, Schema]:
    """Return the result's schemas of the contract, without additional properties."""
    schemas = cast("dict[str, dict[str, Schema]]", load_document()["components"])["schemas"]
    names = ("SpeakerDiarizationResult", "SpeakerDiarizationChannel", "SpeakerDiarizationSegment")
    return {
        name: {**cast("Schema", move_references(schemas[name], IN_OPENAPI, IN_SCHEMA)), "additionalProperties": False}
        for name in names
    }


def move_references(schema: object, old: str, new: str) -> object:
    """Rewrite the references of a schema, and drop our evidence extensions."""
    match schema:
        case dict():
            pairs = cast("dict[str, object]", schema).items()
            return {key: move_references(value, old, new) for key, value in pairs if key != "x-evidence"}
        case list():
            return [move_references(one, old, new) for one in cast("list[object]", schema)]
        case str():
            return schema.replace(old, new)
        case _:
            return schema
