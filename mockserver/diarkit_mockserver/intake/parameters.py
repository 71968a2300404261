"""Parse and validate query and `config`, or refuse them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal, NoReturn, cast

from diarkit_mockserver.intake.refusals import Condition, refuse
from diarkit_mockserver.intake.submission import Parameters

KNOWN_CONFIG = ("max_speakers", "total_speakers")
"""DOC: keys are case-sensitive, and unknown ones are ignored."""

DEEPEST = 64
"""Levels of nesting, as in scenarios, since writing and reading the journal is recursive."""

CHANNELS = re.compile(r"(?:[0-9]+(?:,[0-9]+)*)?")
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


NO_PARAMETERS = Parameters()

_share = lru_cache(maxsize=1024)(Parameters)
"""Makes one object of equal parameters."""


def read_parameters(query: Mapping[str, str], config: Mapping[str, object] | None) -> Parameters:
    """Validate the query parameters as sent, of which unknown ones are ignored, and the decoded `config`, or refuse with 422."""
    if not query and not config:
        return NO_PARAMETERS
    return _share(
        channel_mode=_read_channel_mode(query.get("channel_mode")),
        channels=_read_channels(query.get("channels", "")),
        range_from=_read_seconds(query, "range_from") or 0.0,
        range_to=_read_seconds(query, "range_to"),
        **_read_speakers(config or {}),
    )


def decode_config(text: str) -> dict[str, object]:
    """Decode the form field `config`, or refuse it with 422 if it is not a JSON object (UNK in the documents: 400 or 422)."""
    try:
        decoded: object = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise refuse(Condition.CONFIG_NOT_JSON, ("body", "config"), reason=str(error)) from None
    if _is_too_deep(decoded):
        raise refuse(Condition.CONFIG_NOT_JSON, ("body", "config"), reason=f"nested deeper than {DEEPEST} levels")
    if not isinstance(decoded, dict):
        raise refuse(Condition.CONFIG_NOT_AN_OBJECT, ("body", "config"), came=decoded)
    return cast("dict[str, object]", decoded)


def _is_too_deep(value: object) -> bool:
    level = _list_nested([value])
    for _ in range(DEEPEST):
        level = [nested for one in level for nested in _list_nested(one.values() if isinstance(one, dict) else one)]
    return bool(level)


def _list_nested(values: Iterable[object]) -> list[dict[str, object] | list[object]]:
    return [value for value in values if isinstance(value, dict | list)]


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _read_speakers(config: Mapping[str, object]) -> dict[Literal["max_speakers", "total_speakers"], int]:
    read: dict[Literal["max_speakers", "total_speakers"], int] = {}
    for key in ("max_speakers", "total_speakers"):
        if key not in config:
            continue
        came = config[key]
        # As in JSON Schema, 5.0 is an integer and true is not. null is undocumented (UNK) and refused.
        whole = int(came) if isinstance(came, float) and came.is_integer() else came
        if not isinstance(whole, int) or isinstance(whole, bool):
            raise refuse(Condition.SPEAKERS_NOT_A_NUMBER, ("body", "config", key), came=came)
        if whole < 1:
            raise refuse(Condition.SPEAKERS_TOO_SMALL, ("body", "config", key), came=came)
        read[key] = whole
    if len(read) == len(KNOWN_CONFIG):
        raise refuse(Condition.SPEAKERS_TWICE, ("body", "config"))
    return read


def _read_channel_mode(came: str | None) -> Literal["split", "mix"]:
    if came is None or came == "split":
        return "split"
    if came == "mix":
        return "mix"
    raise refuse(Condition.CHANNEL_MODE_UNKNOWN, ("query", "channel_mode"), came=came)


def _read_channels(came: str) -> tuple[int, ...]:
    if not CHANNELS.fullmatch(came) or len(came) > 4096:
        raise refuse(Condition.CHANNELS_SYNTAX, ("query", "channels"), came=came)
    return tuple(dict.fromkeys(int(number) for number in came.split(","))) if came else ()


def _read_seconds(query: Mapping[str, str], name: str) -> float | None:
    if name not in query:
        return None
    came = query[name]
    seconds = float(came) if NUMBER.fullmatch(came) else math.nan
    if not math.isfinite(seconds):
        raise refuse(Condition.RANGE_NOT_A_NUMBER, ("query", name), came=came)
    if seconds < 0:
        raise refuse(Condition.RANGE_NEGATIVE, ("query", name), came=came)
    return seconds
