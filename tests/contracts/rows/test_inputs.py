from __future__ import annotations

from itertools import pairwise

import pytest

from diarkit_contracts.rows.inputs import FILES, InputNameError, make_input, read_recipe
from diarkit_fixtures.segments import count_speakers, list_faults
from diarkit_fixtures.wav.file import WavError, WavReader

WAVS = [
    "wav:1ch:6.0s",
    "wav:2ch:4.0s",
    "wav:3ch:2.0s",
    "wav:2ch:3.0s:speakers=2,0",
    "wav:1ch:2.0s:silence",
    "wav:1ch:0.5s",
    "wav:2ch:4.0s:in-turn",
    "wav:3ch:4.0s:speakers=1,0,2:in-turn",
    *(
        f"wav:1ch:1.0s:{rate}"
        for rate in ("16000Hz:pcm8", "22050Hz:pcm32", "44100Hz:pcm24:extensible", "48000Hz:float32", "96000Hz")
    ),
    "wav:2ch:2.0s:more-chunks",
]


def read(data: bytes) -> object:
    reader = WavReader()
    reader.feed(data)
    return reader.close()


@pytest.mark.parametrize("name", WAVS)
def test_a_recording_is_what_its_name_says(name: str) -> None:
    facts, recipe = read(make_input(name)), read_recipe(name)
    assert (facts.length, facts.channels) == (recipe.length, len(recipe.speakers))  # type: ignore[attr-defined]
    assert facts.truth == recipe.truth  # type: ignore[attr-defined]
    assert facts.loud == tuple(speakers > 0 for speakers in recipe.speakers)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "rate_hz", "encoding"),
    [
        ("wav:1ch:1.0s", 8_000, "pcm16"),
        ("wav:1ch:1.0s:mu-law", 8_000, "mulaw"),
        ("wav:1ch:1.0s:16000Hz:pcm8", 16_000, "pcm8"),
        ("wav:1ch:1.0s:44100Hz:pcm24:extensible", 44_100, "pcm24"),
        ("wav:1ch:1.0s:48000Hz:float32", 48_000, "float32"),
        ("wav:1ch:1.0s:96000Hz", 96_000, "pcm16"),
    ],
)
def test_a_recording_is_encoded_as_its_name_says(name: str, rate_hz: int, encoding: str) -> None:
    facts = read(make_input(name))
    assert (facts.sample_rate_hz, facts.encoding) == (rate_hz, encoding)  # type: ignore[attr-defined]
    assert (make_input(name)[20:22] == b"\xfe\xff") is ("extensible" in name)


def test_another_chunk_is_odd_and_looks_like_the_end_of_a_part() -> None:
    data = make_input("wav:1ch:1.0s:more-chunks")
    size = int.from_bytes(data[16:20], "little")
    assert size % 2 == 1
    assert b"\r\n\r\n--" in data[20 : 20 + size]
    assert int.from_bytes(data[4:8], "little") == len(data) - 8


@pytest.mark.parametrize("name", WAVS)
def test_the_truth_of_a_recording_is_well_formed(name: str) -> None:
    recipe = read_recipe(name)
    assert [list_faults(channel, recipe.length) for channel in recipe.truth] == [()] * len(recipe.speakers)


def test_six_seconds_hold_enough_turns_to_count_three_speakers() -> None:
    assert len(read_recipe("wav:1ch:6.0s").truth[0]) >= 6


def test_nobody_is_to_be_found_in_less_than_0_8_seconds_though_somebody_speaks() -> None:
    recipe = read_recipe("wav:1ch:0.7s")
    assert recipe.truth == ((),)
    assert recipe.spoken != ((),)
    assert read_recipe("wav:1ch:0.8s").truth == read_recipe("wav:1ch:0.8s").spoken


def test_channels_differ_so_that_a_mixed_up_one_shows() -> None:
    truth = read_recipe("wav:3ch:4.0s").truth
    assert len(set(truth)) == 3


@pytest.mark.parametrize("name", ["wav:2ch:4.0s:in-turn", "wav:3ch:9.0s:speakers=2,0,3:in-turn"])
def test_channels_that_take_turns_never_speak_at_once(name: str) -> None:
    recipe = read_recipe(name)
    assert tuple(map(count_speakers, recipe.truth)) == recipe.speakers
    laid = sorted((segment.start, segment.end) for channel in recipe.truth for segment in channel)
    assert all(before[1] < after[0] for before, after in pairwise(laid))


@pytest.mark.parametrize("name", FILES)
def test_the_other_files_are_no_recordings(name: str) -> None:
    with pytest.raises(WavError):
        read(make_input(name))


@pytest.mark.parametrize(
    "name",
    ["", "wav", "wav:0ch:1.0s", "wav:9ch:1.0s", "wav:1ch:1s", "wav:1ch:0.0s", "wav:1ch:60.1s", "wav:2ch:1.0s:speakers=1",
     "wav:1ch:1.0s:speakers=0:silence", "wav:1ch:1.0s:silence:in-turn", "file:nothing"],
)  # fmt: skip
def test_another_name_is_refused_with_what_is_expected(name: str) -> None:
    with pytest.raises(InputNameError, match=r"wav:1ch:2\.0s"):
        make_input(name)
