"""Line numbers in the contract document."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

import yaml

from diarkit_contracts.api.document import DOCUMENT
from diarkit_contracts.api.evidence import IN_CHANNEL, SCHEMAS

FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "task": f"{SCHEMAS}/TaskInfo",
        "result.channels[].segments": f"{SCHEMAS}/SpeakerDiarizationSegment",
        "result.channels": IN_CHANNEL,
        "result": f"{SCHEMAS}/SpeakerDiarizationResult",
        "error": f"{SCHEMAS}/TaskErrorResult",
        "detail": f"{SCHEMAS}/ErrorDetail",
        "version": f"{SCHEMAS}/SystemInfo",
        "": f"{SCHEMAS}/ErrorResult",
    }
)
"""Path of keys in the document by prefix of a field path in a body, most specific first."""


def find_line_of_field(path: str) -> int:
    """Find the line of the schema of a body field, such as `result.channels[].segments[].speaker_id`."""
    return find_line(next(place for start, place in FIELDS.items() if path.startswith(start)))


@cache
def find_line(place: str) -> int:
    """Find the line, from 1, of a path of keys in the document."""
    node, line = _compose(), 1
    # Paths of the API contain slashes themselves: the longest keys are tried first.
    rest = place
    while rest:
        assert isinstance(node, yaml.MappingNode), place  # noqa: S101 - a place that is not there
        keys = {str(key.value): (key, value) for key, value in node.value}
        name = max((key for key in keys if rest == key or rest.startswith(f"{key}/")), key=len)
        key, node = keys[name]
        line = key.start_mark.line + 1
        rest = rest[len(name) + 1 :]
    return line


@cache
def _compose() -> yaml.Node:
    node: yaml.Node | None = yaml.compose(DOCUMENT.read_text("utf-8"), Loader=yaml.CSafeLoader)
    assert node is not None  # noqa: S101 - the document is ours
    return node
