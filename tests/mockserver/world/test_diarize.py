from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_fixtures.segments import SHORTEST, Segment, Segments, count_speakers, list_faults, merge_touching
from diarkit_mockserver.intake.submission import Parameters
from diarkit_mockserver.world.diarize import (
    MOST_SPEAKERS,
    SHORTEST_AUDIO,
    apply_parameters,
    draw_channels,
    range_in_centiseconds,
)

HOURS_2 = 720_000


def draw(length: int, *loud: bool, key: str = "a", speakers: int | None = None) -> tuple[Segments, ...]:
    return draw_channels(0, key, length, loud or (True,), speakers)


def answer(
    natural: tuple[Segments, ...], length: int, *, times_from_range: bool = False, **parameters: object
) -> tuple[tuple[int, Segments], ...]:
    asked = Parameters(**parameters)  # type: ignore[arg-type]
    return apply_parameters(natural, length, asked, times_from_range=times_from_range)


def speech(segments: Segments) -> set[int]:
    return {moment for segment in segments for moment in range(segment.start, segment.end)}


def talk(segments: Segments) -> int:
    return sum(segment.end - segment.start for segment in segments)


def pieces(segments: Segments) -> int:
    """How many speakers there could be at most, if speech is halved until the halves are too short."""

    def halve(size: int) -> int:
        return 1 if size < 2 * SHORTEST else halve(size // 2) + halve(size - size // 2)

    return sum(halve(segment.end - segment.start) for segment in segments)


def messy(length: int) -> st.SearchStrategy[Segments]:
    """Segments as a person writes them: overlapping, unsorted ids, any length."""
    one = st.tuples(st.integers(0, 6), st.integers(0, length - 1), st.integers(1, length)).map(
        lambda drawn: Segment(drawn[0], drawn[1], min(length, drawn[1] + drawn[2]))
    )
    return st.lists(one, max_size=12).map(lambda found: tuple(sorted(found, key=lambda s: (s.start, s.end, s.speaker))))


CONVERSATIONS = st.integers(1, 3000).flatmap(
    lambda length: st.tuples(st.just(length), st.lists(messy(length), min_size=1, max_size=3).map(tuple))
)
LIMITS = st.one_of(
    st.just({}),
    st.integers(1, 30).map(lambda number: {"max_speakers": number}),
    st.integers(1, 30).map(lambda number: {"total_speakers": number}),
)


@given(CONVERSATIONS, LIMITS, st.sampled_from(["split", "mix"]), st.data())
def test_every_result_is_one_that_the_platform_would_give(
    conversation: tuple[int, tuple[Segments, ...]], limits: dict[str, int], mode: str, data: st.DataObject
) -> None:
    length, natural = conversation
    channels = tuple(data.draw(st.lists(st.integers(0, len(natural) - 1), unique=True)))
    range_from = data.draw(st.floats(0, length / 100 + 1))
    range_to = data.draw(st.none() | st.floats(range_from, length / 100 + 2))
    result = answer(
        natural, length, channels=channels, range_from=range_from, range_to=range_to, channel_mode=mode, **limits
    )
    expected = channels or tuple(range(len(natural)))
    assert [number for number, _ in result] == ([0] if mode == "mix" else list(expected))
    for _, segments in result:
        assert list_faults(segments, length) == ()
        assert all(segment.end - segment.start >= SHORTEST for segment in segments)
        assert all(range_from * 100 - 0.1 <= segment.start for segment in segments)
        assert range_to is None or all(segment.end <= range_to * 100 + 0.1 for segment in segments)
        assert count_speakers(segments) <= limits.get("max_speakers", MOST_SPEAKERS)
        if segments and (total := limits.get("total_speakers")) is not None:
            assert count_speakers(segments) <= total
            if count_speakers(segments) < total:
                assert all(segment.end - segment.start < 2 * SHORTEST for segment in segments)


@given(CONVERSATIONS, st.integers(1, 500))
def test_the_total_is_honoured_wherever_the_speech_is_long_enough(
    conversation: tuple[int, tuple[Segments, ...]], total: int
) -> None:
    length, natural = conversation
    plain = answer(natural, length, max_speakers=MOST_SPEAKERS)
    for (_, segments), (_, before) in zip(answer(natural, length, total_speakers=total), plain, strict=True):
        merged = merge_touching(segments)
        assert count_speakers(merged) == min(total, max(count_speakers(merged), 0))
        if pieces(before) >= total >= count_speakers(before):
            assert count_speakers(segments) == total


@given(CONVERSATIONS, LIMITS)
def test_limits_change_who_speaks_and_not_when(
    conversation: tuple[int, tuple[Segments, ...]], limits: dict[str, int]
) -> None:
    length, natural = conversation
    plain, limited = answer(natural, length), answer(natural, length, **limits)
    assert [speech(segments) for _, segments in limited] == [speech(segments) for _, segments in plain]


@given(st.integers(0, 20_000), st.text(max_size=3))
def test_the_same_file_under_other_settings_is_the_same_conversation(length: int, key: str) -> None:
    natural = draw(length, True, True, key=key)
    whole = dict(answer(natural, length))
    part = dict(answer(natural, length, range_from=10, range_to=150))
    for number, segments in part.items():
        assert {(s.start, s.end) for s in segments} == {
            (max(s.start, 1000), min(s.end, 15_000))
            for s in whole[number]
            if min(s.end, 15_000) - max(s.start, 1000) >= SHORTEST and min(length, 15_000) - 1000 >= SHORTEST_AUDIO
        }
    assert answer(natural, length, channels=(1, 0)) == ((1, whole[1]), (0, whole[0]))
    assert answer(natural, length, channels=(1,)) == ((1, whole[1]),)


@given(st.integers(0, 5000), st.lists(st.booleans(), min_size=1, max_size=4), st.none() | st.integers(0, 5))
def test_a_drawn_conversation_needs_nothing_done_to_it(length: int, loud: list[bool], speakers: int | None) -> None:
    natural = draw_channels(1, "key", length, tuple(loud), speakers)
    assert answer(natural, length) == tuple(enumerate(natural))


@pytest.mark.parametrize("length", [0, 1, SHORTEST_AUDIO - 1])
def test_audio_under_eight_tenths_of_a_second_has_no_speakers(length: int) -> None:
    assert draw(length) == ((),)
    assert answer(((Segment(0, 0, length),),), length, total_speakers=2) == ((0, ()),)


def test_a_range_under_eight_tenths_of_a_second_has_no_speakers() -> None:
    natural = ((Segment(0, 0, 1000),),)
    assert answer(natural, 1000, range_from=1, range_to=1.79) == ((0, ()),)
    assert answer(natural, 1000, range_from=1, range_to=1.8) == ((0, (Segment(0, 100, 180),)),)


def test_a_silent_channel_has_no_speakers_even_if_told_so() -> None:
    first, second = draw(5000, False, True)
    assert first == ()
    assert second


@pytest.mark.parametrize("speakers", [0, 1, 2, 3, 8])
def test_so_many_speakers_are_drawn_as_told(speakers: int) -> None:
    assert [count_speakers(channel) for channel in draw(12_000, True, True, speakers=speakers)] == [speakers] * 2


def test_channels_hold_different_conversations() -> None:
    first, second = draw(6000, True, True)
    assert first != second


def test_seed_and_content_decide_the_conversation() -> None:
    drawn = {draw_channels(seed, key, 6000, (True,)) for seed in (0, 1) for key in ("a", "b")}
    assert len(drawn) == 4


def test_a_mix_has_the_speakers_of_its_channels_one_at_a_time() -> None:
    natural = ((Segment(0, 0, 300),), (Segment(0, 200, 500),), (Segment(0, 600, 700),))
    assert answer(natural, 1000, channel_mode="mix") == (
        (0, (Segment(0, 0, 250), Segment(1, 250, 500), Segment(2, 600, 700))),
    )
    assert answer(natural, 1000, channel_mode="mix", channels=(2, 0)) == (
        (0, (Segment(0, 0, 300), Segment(1, 600, 700))),
    )


def test_a_mix_of_silence_is_one_empty_channel() -> None:
    assert answer(((), ()), 1000, channel_mode="mix") == ((0, ()),)


def test_a_limit_of_a_mix_counts_all_its_channels() -> None:
    natural = draw(12_000, True, True, speakers=2)
    ((_, mixed),) = answer(natural, 12_000, channel_mode="mix", max_speakers=3)
    assert count_speakers(mixed) == 3


def test_the_least_talking_speakers_are_given_to_their_nearest_neighbours() -> None:
    natural = ((Segment(0, 0, 300), Segment(1, 310, 330), Segment(2, 400, 600), Segment(1, 610, 640)),)
    assert answer(natural, 1000, max_speakers=2) == (
        (0, (Segment(0, 0, 300), Segment(0, 310, 330), Segment(1, 400, 600), Segment(1, 610, 640))),
    )


def test_more_speakers_are_made_of_the_longest_talkers_turns() -> None:
    natural = ((Segment(0, 0, 100), Segment(1, 100, 150), Segment(0, 200, 300), Segment(1, 320, 350)),)
    ((_, three),) = answer(natural, 400, total_speakers=3)
    assert [segment.speaker for segment in three] == [0, 1, 2, 1]


def test_one_long_turn_is_cut_where_more_speakers_are_wanted() -> None:
    ((_, segments),) = answer(((Segment(0, 0, 100),),), 100, total_speakers=4)
    assert [(s.speaker, s.start, s.end) for s in segments] == [(0, 0, 25), (1, 25, 50), (2, 50, 75), (3, 75, 100)]


def test_no_more_than_a_hundred_speakers_are_found_unless_asked_for() -> None:
    natural = (tuple(Segment(number, number * 20, number * 20 + 20) for number in range(150)),)
    assert count_speakers(answer(natural, 3000)[0][1]) == MOST_SPEAKERS
    assert count_speakers(answer(natural, 3000, max_speakers=120)[0][1]) == 120
    assert count_speakers(answer(natural, 3000, total_speakers=150)[0][1]) == 150


@pytest.mark.parametrize(
    ("range_from", "range_to", "expected"),
    [
        (0.0, None, (0, 1000)),
        (0.29, 0.57, (29, 57)),
        (1.001, 2.999, (101, 299)),
        (1.0049, 2.0, (101, 200)),
        (0.0, 99.0, (0, 1000)),
        (50.0, None, (1000, 1000)),
        (1e308, 1e308, (1000, 1000)),
        (5e-324, 5e-324, (0, 0)),
    ],
)
def test_a_range_lies_on_the_grid_and_inside_the_file(
    range_from: float, range_to: float | None, expected: tuple[int, int]
) -> None:
    assert range_in_centiseconds(Parameters(range_from=range_from, range_to=range_to), 1000) == expected


@given(st.integers(0, 100_000), st.integers(0, 100_000))
def test_a_range_in_whole_centiseconds_is_kept(start: int, end: int) -> None:
    read = range_in_centiseconds(Parameters(range_from=start / 100, range_to=end / 100), 200_000)
    assert read == (start, end)


def test_times_may_count_from_the_range() -> None:
    natural = ((Segment(0, 0, 1000),),)
    assert answer(natural, 1000, range_from=2.5, range_to=5) == ((0, (Segment(0, 250, 500),)),)
    assert answer(natural, 1000, range_from=2.5, range_to=5, times_from_range=True) == ((0, (Segment(0, 0, 250),)),)


@pytest.mark.parametrize("parameters", [{"total_speakers": 100_000}, {"total_speakers": 10**300}, {"max_speakers": 1}])
def test_two_hours_and_a_hundred_thousand_speakers_are_no_trouble(parameters: dict[str, int]) -> None:
    natural = draw(HOURS_2, True)
    ((_, segments),) = answer(natural, HOURS_2, **parameters)
    assert list_faults(segments, HOURS_2) == ()
    assert all(after.start >= before.end for before, after in pairwise(segments))
    assert len(segments) <= len(natural[0])


@pytest.mark.parametrize(("total", "found"), [(1_000, 1_000), (1_001, 1_000), (10**9, 1_000)])
def test_a_single_turn_is_cut_for_a_thousand_speakers_at_most(total: int, found: int) -> None:
    ((_, segments),) = answer(((Segment(0, 0, HOURS_2),),), HOURS_2, total_speakers=total)
    assert count_speakers(segments) == len(segments) == found
