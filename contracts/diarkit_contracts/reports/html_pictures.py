"""Pictures of the results of a run: who speaks when, expected and answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from diarkit_fixtures.score.picture import OF_PAGE, Picture, draw_svg
from diarkit_fixtures.segments import Segment

if TYPE_CHECKING:
    from diarkit_contracts.api.result import ReportedChannel
    from diarkit_contracts.exchanges.history import History, Look

Captioned: TypeAlias = "tuple[tuple[Picture, ...], str]"

MOST_PICTURES = 200
"""A picture takes some kilobytes, and a recording may have thousands of tasks."""

LONGEST = 360_000
"""Centiseconds: an hour on the axis; later times are findings."""


def draw_results(history: History) -> dict[int, list[Captioned]]:
    """Draw results up to a limit: pictures with captions, by the number of the exchange."""
    return {look.at: list(_draw_result(look, channels)) for look, channels in islice(history.results(), MOST_PICTURES)}


def _draw_result(look: Look, channels: Sequence[ReportedChannel]) -> Iterator[Captioned]:
    answered = {channel.number: tuple(_read_segments(channel)) for channel in channels}
    sound = None if look.start is None else look.start.sound
    ends = [segment.end for segments in answered.values() for segment in segments]
    length = min(max([100, *ends, sound.length if sound is not None else 0]), LONGEST)
    truth = sound.truth if sound is not None else None
    draw = partial(draw_svg, length=length, look=OF_PAGE)
    if truth is not None and _is_comparable(look) and set(answered) <= set(range(len(truth))):
        # Channels that were not requested are drawn without an answer.
        found = [answered.get(number, ()) for number in range(len(truth))]
        picture = draw(truth, found, look=replace(OF_PAGE, label=f"{OF_PAGE.label}, as recorded and as answered"))
        yield (picture,), "The truth of the recording, the answer, and the differences."
        return
    if truth is not None:
        yield (draw(truth),), "The truth of the recording."
    pictures = tuple(
        draw([segments], look=replace(OF_PAGE, numbers=(number,))) for number, segments in sorted(answered.items())
    )
    yield pictures, f"The answer{_describe_question(look)}."


def _describe_question(look: Look) -> str:
    if look.start is None:
        return ""
    parameters = [f"{name}={value}" for name, value in look.start.query.items()]
    config = look.start.find_part("config")
    parameters += [config.text] if config is not None and config.text else []
    return f" for {', '.join(parameters)}" if parameters else ""


def _is_comparable(look: Look) -> bool:
    """Return whether the truth of the file applies to the answer, unchanged by parameters."""
    if look.start is None:
        return False
    query = look.start.query
    limits = {"max_speakers", "total_speakers"} & set(look.start.config or {})
    changing = {"range_from", "range_to", "channels"} & set(query)
    return not limits and not changing and query.get("channel_mode", "split") == "split"


def _read_segments(channel: ReportedChannel) -> Iterator[Segment]:
    for one in channel.segments:
        # Invalid segments, such as reversed ones, are findings and not drawn.
        if 0 <= one.start < one.end <= LONGEST and round(one.start * 100) < round(one.end * 100):
            yield Segment(one.speaker, round(one.start * 100), round(one.end * 100))
