"""Named ways to break the answer of a finished task."""

from __future__ import annotations

import json
from typing import Any

from diarkit_contracts.api.result import list_result_faults
from diarkit_mockserver.scenario.faults import ResultFault
from diarkit_mockserver.world.wire import dump


def break_answer(body: bytes, fault: ResultFault, length: int) -> bytes:
    """Break the body of a finished task.

    Channels and segments are added if the fault needs them, so that it always applies. A result that is already malformed is unchanged.
    """
    answer: dict[str, Any] = json.loads(body)
    match fault:
        case "unknown_state":
            answer["task"]["state"] = "finished"
        case "null_result":
            answer["result"] = None
        case "error_on_done":
            answer["error"] = {"type": "internal", "message": "Internal error.", "detail": []}
        case _ if any(one.severity == "error" for one in list_result_faults(answer["result"])):
            pass
        case "channel_missing":
            for channel in _list_channels(answer):
                del channel["channel_number"]
        case _:
            _break_channel(_list_channels(answer)[0], fault, length)
    return dump(answer).encode()


def _list_channels(answer: dict[str, Any]) -> list[dict[str, Any]]:
    channels: list[dict[str, Any]] = answer["result"]["channels"]
    if not channels:
        channels.append({"channel_number": 0, "speakers_count": 0, "segments": []})
    return channels


def _break_channel(channel: dict[str, Any], fault: ResultFault, length: int) -> None:  # noqa: C901 - one case for each
    segments: list[dict[str, Any]] = channel["segments"]
    while len(segments) < 2:
        start = segments[-1]["end_time"] + 0.5 if segments else 0.5
        segments.append({"speaker_id": 0, "start_time": start, "end_time": start + 1.0})
        channel["speakers_count"] = max(1, channel["speakers_count"])
    first, second = segments[:2]
    match fault:
        case "count_wrong":
            channel["speakers_count"] += 1
        case "end_before_start":
            first["start_time"], first["end_time"] = first["end_time"], first["start_time"]
        case "negative_time":
            first["start_time"] = -first["start_time"] - 0.01
        case "overlap":
            first["end_time"] = second["end_time"]
        case "beyond_audio":
            last = segments[-1]
            last["end_time"] = max(length / 100, last["end_time"]) + 1.0
        case "unsorted":
            segments[:2] = [second, first]
        case "id_gap":
            last = max(segment["speaker_id"] for segment in segments)
            for segment in segments:
                if segment["speaker_id"] == last:
                    segment["speaker_id"] = last + 1
        case _:
            raise ValueError(f"unknown result fault: {fault}")
