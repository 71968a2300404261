"""Detect mistakes in uploads that the contract names, from the recorded request. What the documents leave open is not a mistake."""

from __future__ import annotations

import hashlib
import math
import re
from typing import Final

from diarkit_contracts.exchanges.form import BOUNDARY, read_boundary
from diarkit_contracts.exchanges.history import Start

CHANNELS: Final = re.compile("(?:[0-9]+(?:,[0-9]+)*)?")
EMPTY: Final = hashlib.sha256().hexdigest()


def has_both_limits(start: Start) -> bool:
    """Return whether max_speakers and total_speakers are both given."""
    return all(isinstance((start.config or {}).get(key), int) for key in ("max_speakers", "total_speakers"))


def has_bad_config(start: Start) -> bool:
    """Return whether the config is not a JSON object, or has a limit that is not a number of at least 1."""
    if start.config is None:
        return start.knows_config
    return any(_is_bad_limit(start.config[key]) for key in ("max_speakers", "total_speakers") if key in start.config)


def _is_bad_limit(value: object) -> bool:
    # UNK and not judged: null as no limit; true, 2.0 and "2" as numbers.
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, int | float):
        return value < 1 or (isinstance(value, float) and not value.is_integer())
    return not isinstance(value, str) or not value.strip().isdecimal()


def has_bad_query(start: Start) -> bool:
    """Return whether a query parameter has a disallowed value."""
    query = start.query
    return (
        start.mode not in {"split", "mix"}
        or not CHANNELS.fullmatch(query.get("channels", ""))
        or any(_is_bad_time(query[name]) for name in ("range_from", "range_to") if name in query)
    )


def _is_bad_time(value: str) -> bool:
    try:
        seconds = float(value)
    except ValueError:
        return True
    # UNK and not judged: nan and inf, which some parsers accept.
    return math.isfinite(seconds) and seconds < 0


def has_no_file(start: Start) -> bool:
    """Return whether a form has no part `file`."""
    request = start.exchange.request
    return request.is_body_known and request.parts is not None and start.file is None


def has_empty_file(start: Start) -> bool:
    """Return whether the file is empty."""
    return start.file is not None and start.file.sha256 == EMPTY


def is_no_form(start: Start) -> bool:
    """Return whether a body is known not to be a complete form; unrecorded bodies are unknown."""
    request = start.exchange.request
    content_type = request.header("Content-Type")
    if request.parts is not None or not content_type:
        return False
    boundary = read_boundary(content_type)
    # Our own forms without parts are broken on purpose; for others the parts may not have been recorded.
    return not boundary or (boundary == BOUNDARY and request.is_body_known)
