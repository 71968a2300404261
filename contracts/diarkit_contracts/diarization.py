"""Read the segments of a platform's answer, and compare them with the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from diarkit_contracts.api.error import ContractsError
from diarkit_contracts.api.result import list_result_faults
from diarkit_fixtures.score.der import Rules
from diarkit_fixtures.score.difference import compare_answers
from diarkit_fixtures.segments import Channels, Segment

__all__ = ["DiarizationError", "assert_diarization", "read_result"]


class DiarizationError(ContractsError, AssertionError):
    """An answer differs from the truth more than allowed; the text shows both."""


def read_result(answer: object) -> Mapping[int, tuple[Segment, ...]]:
    """Read the segments of each channel.

    Args:
        answer: body of a poll with the state done, or its `result`, as decoded from JSON.

    Returns:
        Segments by channel number, in centiseconds.

    Raises:
        DiarizationError: if it is not a valid result.
    """
    body: Mapping[str, object] = {}
    result = answer
    if isinstance(answer, dict):
        body = cast("dict[str, object]", answer)
        result = body.get("result") if "task" in body else body
    faults = [fault for fault in list_result_faults(result) if fault.severity == "error"]
    if faults:
        state = f"the task says {body['task']!r}; " if "task" in body else ""
        raise DiarizationError(f"{state}expected a result:\n" + "\n".join(f"  {fault}" for fault in faults))
    channels = cast("Mapping[str, list[dict[str, list[dict[str, float]]]]]", result)["channels"]
    return {
        cast("int", channel["channel_number"]): tuple(
            Segment(int(each["speaker_id"]), round(each["start_time"] * 100), round(each["end_time"] * 100))
            for each in channel["segments"]
        )
        for channel in channels
    }


def assert_diarization(
    answer: object,
    expected: Channels | Sequence[Iterable[Segment]],
    *,
    der: float = 0.0,
    collar: float = 0.0,
    uem: tuple[tuple[int, int], ...] | None = None,
) -> None:
    """Fail unless an answer matches the expected segments.

    Args:
        answer: body of a poll with the state done, or its `result`, as decoded from JSON.
        expected: segments of each channel of the recording, from channel 0, in centiseconds.
        der: maximum diarization error rate over all channels.
        collar: seconds on each side of a reference boundary that are not scored.
        uem: start and end of each scored part, in centiseconds, as read by `texts.uem`; default all.

    Raises:
        DiarizationError: with the types of errors, the speakers, and both timelines of each channel.
    """
    __tracebackhide__ = True
    found = read_result(answer)
    truth = [tuple(channel) for channel in expected]
    unknown = sorted(number for number in found if number >= len(truth))
    if unknown:
        raise DiarizationError(f"expected the channels 0 to {len(truth) - 1}, also got {', '.join(map(str, unknown))}")
    given = [found.get(number, ()) for number in range(len(truth))]
    length = max((segment.end for channel in (*truth, *given) for segment in channel), default=0)
    difference = compare_answers(truth, given, length, Rules(collar=round(collar * 100), uem=uem))
    if difference.score.der > der + 1e-9:
        raise DiarizationError(f"expected a DER of at most {der:.2%}, got {difference.score.der:.2%}\n{difference}")
