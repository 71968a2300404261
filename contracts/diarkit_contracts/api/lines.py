"""Where the contract document says what a clause holds: a line of the file. Knows no exchange and judges nothing."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import yaml

from diarkit_contracts.api.document import DOCUMENT

if TYPE_CHECKING:
    from collections.abc import Mapping

_START: Final = "paths//api/technology/speaker-diarization/post"
_GET: Final = "paths//api/technology/speaker-diarization/{task_id}/get"
_SCHEMAS: Final = "components/schemas"
_CHANNEL: Final = f"{_SCHEMAS}/SpeakerDiarizationChannel"
_SEGMENT: Final = f"{_SCHEMAS}/SpeakerDiarizationSegment/properties"

PLACES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "shape": f"{_GET}/responses",
        "shape.status": f"{_START}/responses",
        "shape.content-type": "components/responses/TaskResult/content",
        "shape.json": "components/responses/TaskResult/content",
        "shape.schema": f"{_SCHEMAS}/SpeakerDiarizationTask",
        "shape.headers": "components/headers/XLocation",
        "shape.rate-headers": "components/responses/RateLimitExceeded/headers",
        "result": f"{_SCHEMAS}/SpeakerDiarizationResult",
        "result.end-after-start": f"{_SEGMENT}/end_time",
        "result.has-length": f"{_SEGMENT}/end_time",
        "result.count-is-ids": f"{_CHANNEL}/properties/speakers_count",
        "result.channel-once": f"{_CHANNEL}/properties/channel_number",
        "result.sorted": f"{_CHANNEL}/properties/segments",
        "result.no-overlap": f"{_CHANNEL}/properties/segments",
        "result.ids-by-appearance": f"{_SEGMENT}/speaker_id",
        "result.two-decimals": f"{_SEGMENT}/start_time",
        "task": f"{_SCHEMAS}/TaskInfo",
        "task.id-echo": f"{_SCHEMAS}/TaskInfo/properties/task_id",
        "task.id-unique": f"{_SCHEMAS}/TaskInfo/properties/task_id",
        "task.location": "components/headers/XLocation",
        "task.location-host": "components/headers/XLocation",
        "task.legal-steps": f"{_SCHEMAS}/TaskInfoState",
        "task.no-way-back": f"{_SCHEMAS}/TaskInfoState",
        "task.nothing-before-end": f"{_SCHEMAS}/RunningTask",
        "task.terminal-is-final": f"{_SCHEMAS}/TaskInfoState",
        "task.is-found": "components/responses/NotFound",
        "task.error-type": f"{_SCHEMAS}/TaskErrorType",
        "parameters": f"{_START}/parameters",
        "parameters.total-speakers": f"{_SCHEMAS}/TotalSpeakers",
        "parameters.max-speakers": f"{_SCHEMAS}/MaxSpeakers",
        "parameters.channels": "components/parameters/Channels",
        "parameters.channel-numbers": "components/parameters/Channels",
        "parameters.channel-order": "components/parameters/Channels",
        "parameters.mix-is-one": "components/parameters/ChannelMode",
        "parameters.mix-is-zero": "components/parameters/ChannelMode",
        "parameters.range": "components/parameters/RangeFrom",
        "parameters.inside-audio": f"{_SEGMENT}/end_time",
        "refusal": f"{_SCHEMAS}/ErrorResult",
        "refusal.both-limits": f"{_SCHEMAS}/SpeakerDiarizationConfig",
        "refusal.bad-config": f"{_SCHEMAS}/SpeakerDiarizationConfig",
        "refusal.bad-query": "components/responses/ValidationError",
        "refusal.missing-file": f"{_SCHEMAS}/SpeakerDiarizationRequest/required",
        "refusal.unknown-task": "components/responses/NotFound",
        "refusal.bad-task-id": "components/parameters/TaskId",
        "refusal.method": f"{_SCHEMAS}/ErrorType",
        "refusal.type-of-status": f"{_SCHEMAS}/ErrorType",
        "refusal.retry-after": "components/headers/RetryAfter",
        "acceptance": f"{_START}/requestBody",
        "audio": f"{_CHANNEL}/properties/segments",
        "audio.speakers": f"{_CHANNEL}/properties/speakers_count",
        "audio.mix-speakers": "components/parameters/ChannelMode",
        "": "paths",
    }
)
"""Path of keys in the document by id of a clause, or by the family for the others of it; without one, the paths."""


@cache
def find_line(clause_id: str) -> int:
    """Find the line, from 1, of the document where it speaks of what a clause holds."""
    family = clause_id.partition(".")[0]
    place = PLACES.get(clause_id) or PLACES.get(family) or PLACES[""]
    return _find_key(place)


FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "task": f"{_SCHEMAS}/TaskInfo",
        "result.channels[].segments": f"{_SCHEMAS}/SpeakerDiarizationSegment",
        "result.channels": _CHANNEL,
        "result": f"{_SCHEMAS}/SpeakerDiarizationResult",
        "error": f"{_SCHEMAS}/TaskErrorResult",
        "detail": f"{_SCHEMAS}/ErrorDetail",
        "version": f"{_SCHEMAS}/SystemInfo",
        "": f"{_SCHEMAS}/ErrorResult",
    }
)
"""Path of keys in the document by the beginning of the path of a field in a body, the most particular first."""


def find_line_of_field(path: str) -> int:
    """Find the line of the schema that a field of a body belongs to.

    Args:
        path: such as `result.channels[].segments[].speaker_id`.
    """
    return _find_key(next(place for start, place in FIELDS.items() if path.startswith(start)))


def _find_key(place: str) -> int:
    node, line = _compose(), 1
    # A path of the API begins with a slash and holds more of them: keys are tried from the longest on.
    rest = place
    while rest:
        assert isinstance(node, yaml.MappingNode), place  # noqa: S101 - a place of the table above that is not there
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
