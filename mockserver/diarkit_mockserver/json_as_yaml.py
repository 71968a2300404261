"""JSON text so that a reader of YAML takes it for the same. Knows neither what is in it nor who sent it."""

from __future__ import annotations

import re
from typing import Final

_PAIR: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_ODD: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def make_yaml(text: str) -> str:
    """Write a JSON text so that it means the same as YAML; each line stays a line.

    YAML knows no pairs of escapes for one character, takes more characters for the end of a line, and some for none at all. In
    JSON those stand in strings only, where an escape will do, and a tab stands between values only.
    """
    joined = _PAIR.sub(lambda match: match[1] + _join_pair(match[2], match[3]), text)
    return _ODD.sub(lambda match: f"\\u{ord(match[0]):04x}", joined.replace("\t", " "))


def _join_pair(high: str, low: str) -> str:
    return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
