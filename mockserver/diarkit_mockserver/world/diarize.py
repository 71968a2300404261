"""Generate the segments of an answer: a natural conversation, to which the request's parameters are applied.

The conversation depends only on the content of the file, so that it stays recognisable with other parameters.
"""

from __future__ import annotations

import heapq
from functools import lru_cache
from typing import TypeAlias

from diarkit_fixtures.conversation.drawn import draw_conversation
from diarkit_fixtures.segments import (
    SHORTEST,
    Channels,
    Segment,
    Segments,
    crop,
    cut_overlaps,
    merge_touching,
    number_by_appearance,
)
from diarkit_mockserver.intake.submission import Parameters

SHORTEST_AUDIO = 80
"""DOC (speaker_diarization.proto, since 2025-04-01): audio shorter than 0.8 s has no segments. Centiseconds."""

MOST_SPEAKERS = 100
"""DOC (guide 3.6.0): the default of max_speakers."""

MOST_CUT = 1_000
"""Speakers for whom segments are cut. More get a segment each (INF: no more are required), as cutting on would take a server's time."""

Answer: TypeAlias = tuple[tuple[int, "Segments"], ...]
"""Number and segments of each channel in the result, in order."""


@lru_cache(maxsize=8)  # for the same bytes with other parameters
def draw_channels(seed: int, sha256: str, length: int, loud: tuple[bool, ...], speakers: int | None = None) -> Channels:
    """Draw a conversation for each channel of a file of so many centiseconds; silent channels have none."""
    if speakers == 0:
        return ((),) * len(loud)
    return tuple(
        draw_conversation(seed, sha256, channel, length=length, speakers=speakers) if is_loud else ()
        for channel, is_loud in enumerate(loud)
    )


def apply_parameters(natural: Channels, length: int, parameters: Parameters, *, times_from_range: bool) -> Answer:
    """Apply the request's parameters to a natural conversation, which may overlap, as in a reference.

    Times are relative to the file, or to `range_from` (UNK; INF the file).
    """
    start, end = range_in_centiseconds(parameters, length)
    numbers = parameters.channels or tuple(range(len(natural)))
    heard = tuple((number, _heard(natural[number], start, end)) for number in numbers)
    if parameters.channel_mode == "mix":
        heard = ((0, cut_overlaps(_overlay([segments for _, segments in heard]))),)
    shift = start if times_from_range else 0
    return tuple(
        (
            number,
            tuple(
                Segment(segment.speaker, segment.start - shift, segment.end - shift)
                for segment in number_by_appearance(_count_as_asked(segments, parameters))
            ),
        )
        for number, segments in heard
    )


def cut_out(natural: Channels, length: int, parameters: Parameters, *, times_from_range: bool) -> Answer:
    """Cut the requested part out of a reference, preserving overlaps and speakers; arguments as for `apply_parameters`."""
    start, end = range_in_centiseconds(parameters, length)
    numbers = parameters.channels or tuple(range(len(natural)))
    shift = start if times_from_range else 0
    heard = tuple(
        (number, tuple(Segment(s.speaker, s.start - shift, s.end - shift) for s in crop(natural[number], start, end)))
        for number in numbers
    )
    return ((0, _overlay([segments for _, segments in heard])),) if parameters.channel_mode == "mix" else heard


def range_in_centiseconds(parameters: Parameters, length: int) -> tuple[int, int]:
    """Return the requested part of the file in whole centiseconds, inside the range."""
    start = min(parameters.range_from, length / 100) * 100
    end = length if parameters.range_to is None else min(parameters.range_to, length / 100) * 100
    # Rounded to one decimal first, so that 0.29 s, which is 28.999... as a float, stays 29.
    return -int(-round(start, 1) // 1), int(round(end, 1) // 1)


def _heard(segments: Segments, start: int, end: int) -> Segments:
    if end - start < SHORTEST_AUDIO:
        return ()
    whole = all(start <= segment.start and segment.end <= end for segment in segments)
    # Short segments are dropped only if they were cut by a range, not if they were configured.
    return merge_touching(cut_overlaps(segments) if whole else crop(cut_overlaps(segments), start, end))


def _overlay(channels: list[Segments]) -> Segments:
    """Mix channels; their speakers are distinct."""
    laid: list[Segment] = []
    first = 0
    for segments in channels:
        laid += [Segment(first + segment.speaker, segment.start, segment.end) for segment in segments]
        first += 1 + max((segment.speaker for segment in segments), default=-1)
    return tuple(sorted(laid, key=lambda segment: (segment.start, segment.end, segment.speaker)))


def _count_as_asked(segments: Segments, parameters: Parameters) -> Segments:
    if not segments:
        return segments
    if parameters.total_speakers is None:
        return _merge_speakers(segments, parameters.max_speakers or MOST_SPEAKERS)
    return _split_speakers(_merge_speakers(segments, parameters.total_speakers), parameters.total_speakers)


def _merge_speakers(segments: Segments, most: int) -> Segments:
    """Reassign the segments of the least active speakers to their nearest neighbours in time, until `most` are left."""
    talk: dict[int, int] = {}
    for segment in segments:
        talk[segment.speaker] = talk.get(segment.speaker, 0) + segment.end - segment.start
    if len(talk) <= most:
        return segments
    retained = set(sorted(talk, key=lambda speaker: (-talk[speaker], speaker))[:most])
    before = _nearest(segments, retained)
    after = [
        None if near is None else (-near[0], near[1])
        for near in reversed(_nearest([Segment(s.speaker, -s.end, -s.start) for s in reversed(segments)], retained))
    ]
    merged: list[Segment] = []
    for segment, left, right in zip(segments, before, after, strict=True):
        speaker = segment.speaker
        if speaker not in retained:
            from_left = right is None or (left is not None and segment.start - left[0] <= right[0] - segment.end)
            near = left if from_left else right
            speaker = speaker if near is None else near[1]
        merged.append(Segment(speaker, segment.start, segment.end))
    return merge_touching(tuple(merged))


def _nearest(segments: Segments | list[Segment], retained: set[int]) -> list[tuple[int, int] | None]:
    """List, for each segment, end and speaker of the last retained one before it."""
    last: tuple[int, int] | None = None
    found: list[tuple[int, int] | None] = []
    for segment in segments:
        found.append(last)
        if segment.speaker in retained:
            last = (segment.end, segment.speaker)
    return found


def _split_speakers(segments: Segments, number: int) -> Segments:
    """Make exactly `number` speakers: first by alternating the turns of the most active ones, then by halving the longest segments.

    The platform "always diarizes accordingly" (DOC guide 3.6.0). There are fewer only if the speech is too short to cut, or if
    they are more than `MOST_CUT` and more than the segments.
    """
    turns: dict[int, list[Segment]] = {}
    for segment in segments:
        turns.setdefault(segment.speaker, []).append(segment)
    following = max(turns) + 1
    talkers = [(-sum(s.end - s.start for s in owned), speaker) for speaker, owned in turns.items() if len(owned) > 1]
    heapq.heapify(talkers)
    while talkers and len(turns) < number:
        _, speaker = heapq.heappop(talkers)
        owned = turns[speaker]
        for part, owner in ((owned[::2], speaker), (owned[1::2], following)):
            turns[owner] = part
            if len(part) > 1:
                heapq.heappush(talkers, (-sum(s.end - s.start for s in part), owner))
        following += 1
    pieces = [(-(s.end - s.start), s.start, speaker, s.end) for speaker, owned in turns.items() for s in owned]
    heapq.heapify(pieces)
    missing = min(number, MOST_CUT) - len(turns)
    while missing > 0 and -pieces[0][0] >= 2 * SHORTEST:
        size, start, speaker, end = heapq.heappop(pieces)
        middle = start - size // 2
        heapq.heappush(pieces, (start - middle, start, speaker, middle))
        heapq.heappush(pieces, (middle - end, middle, following, end))
        following += 1
        missing -= 1
    return tuple(sorted((Segment(speaker, start, end) for _, start, speaker, end in pieces), key=lambda s: s.start))
