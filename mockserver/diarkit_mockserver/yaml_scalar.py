"""What a scalar of YAML means: the core schema of YAML 1.2, and so what JSON means. Knows no lists, mappings or places.

YAML 1.1, which the library speaks, would make a truth value of `on`, ninety of `1:30`, ten of `012` and a date of `2026-01-31`.
Here they are a text, a text, twelve and a text.

Source:
    YAML 1.2.2, 10.3.2 (tag resolution of the core schema).
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Plain: TypeAlias = "str | int | float | bool | None"

LONGEST_NUMBER: Final = 1000
"""Digits. Python itself refuses to read much longer ones, with a text about its own settings."""

_NAMED: Final[Mapping[str, Plain]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_INTEGER: Final = re.compile("[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

_TAG: Final = "tag:yaml.org,2002:"
_KINDS: Final[Mapping[str, type]] = {"int": int, "float": float, "bool": bool, "null": type(None)}


def resolve_scalar(text: str, tag: str | None, *, quoted: bool) -> Plain:
    """Find out what a scalar means.

    Args:
        text: without quotes, escapes already read.
        tag: such as `!!int`, in its long form; None where the text has none.
        quoted: or a block; such a scalar is a text, whatever it looks like.

    Raises:
        ValueError: for a tag that is unknown or does not fit, and for numbers beyond all reason.
    """
    if tag is None:
        return text if quoted else resolve_plain(text)
    kind = tag.removeprefix(_TAG)
    if tag == "!" or kind == "str":
        return text
    if kind not in _KINDS:
        raise ValueError(f"expected no tag, or one of YAML's own, got {tag}")
    value = resolve_plain(text)
    if kind == "float" and type(value) is int:
        return float(value)
    if type(value) is not _KINDS[kind]:
        raise ValueError(f"expected what the tag !!{kind} says, got {text!r:.60}")
    return value


def resolve_plain(text: str) -> Plain:
    """Find out what a scalar without quotes and tag means.

    Raises:
        ValueError: for a number of more than `LONGEST_NUMBER` digits.
    """
    if text in _NAMED:
        return _NAMED[text]
    if not (whole := _INTEGER.fullmatch(text)) and not _FLOAT.fullmatch(text):
        return text
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"expected a number of at most {LONGEST_NUMBER} digits, got {len(text)}")
    if not whole:
        return float(text)
    return int(text, 0) if text[1:2] in ("o", "x") else int(text)
