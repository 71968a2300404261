"""Write a scenario as compact YAML, without defaults. The inverse is `load.parse_scenario`."""

from __future__ import annotations

import json
import re
from typing import Final, cast

from diarkit_fixtures.texts.yaml import resolve_plain
from diarkit_mockserver.scenario.model import Rule, Scenario
from diarkit_mockserver.scenario.plain import Json, write_plain

EMPTY: Final = "version: 1\n"
"""A scenario with only defaults, as a file can't be empty."""

_BARE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*")
"""Texts without quotes, unless they mean something else, such as `true`."""

_UNSAFE: Final = re.compile("[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Characters that are escaped even in quotes: non-printable ones, line breaks, and the byte order mark."""


def dump_scenario(scenario: Scenario) -> str:
    """Return a scenario as YAML, with one line for each key, rule and fault.

    It parses as an equal scenario. RTTM files that were read are written as segments.
    """
    written = cast("dict[str, Json]", write_plain(scenario, short=True))
    return "".join(_write_entry(key, value) for key, value in written.items()) or EMPTY


def dump_rule(rule: Rule) -> str:
    """Return the line of a rule in a scenario file, below the key `rules`."""
    return f"- {_write_item(write_plain(rule, short=True))}\n"


def _write_entry(key: str, value: Json) -> str:
    if isinstance(value, list) and value:
        return f"{key}:\n" + "".join(f"- {_write_item(item)}\n" for item in value)
    return f"{key}: {_write(value)}\n"


def _write_item(item: Json) -> str:
    """Format a rule or fault, without braces if it has a single key."""
    return _write_pairs(item) if isinstance(item, dict) and len(item) == 1 else _write(item)


def _write(value: Json) -> str:
    """Format a value in one line."""
    if isinstance(value, dict):
        return "{" + _write_pairs(value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_write, value)) + "]"
    if isinstance(value, str):
        return _write_text(value)
    if isinstance(value, float):
        return {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(repr(value), repr(value))
    return json.dumps(value)


def _write_pairs(mapping: dict[str, Json]) -> str:
    return ", ".join(f"{_write_text(key)}: {_write(value)}" for key, value in mapping.items())


def _write_text(text: str) -> str:
    if _BARE.fullmatch(text) and resolve_plain(text) == text:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + _UNSAFE.sub(lambda found: f"\\U{ord(found[0]):08x}", escaped) + '"'
