from __future__ import annotations

import gc
import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from diarkit_fixtures.segments import Segment
from diarkit_mockserver.intake import media
from diarkit_mockserver.intake.media import HEAD, MAGIC, SPOOLED_IN_MEMORY, MediaProbe, read_flac_head
from diarkit_mockserver.intake.submission import Media, MediaFacts

if TYPE_CHECKING:
    from collections.abc import Callable

ASSUMED = Media(duration=12.345, channels=3)
GUESS = {"length": 1234, "loud": (True, True, True), "assumed": True}


def probe(content: bytes, chunk: int = 65536) -> MediaFacts:
    reader = MediaProbe(ASSUMED)
    for start in range(0, len(content), chunk):
        reader.feed(content[start : start + chunk])
    return reader.close()


def encode(seconds: float, channels: int, kind: str, subtype: str | None = None, rate: int = 16000) -> bytes:
    file = io.BytesIO()
    frames = round(seconds * rate)
    samples = np.sin(np.arange(frames * channels, dtype=np.float64) / 9).reshape(frames, channels) / 2
    soundfile.write(file, samples, rate, format=kind, subtype=subtype)
    return file.getvalue()


@pytest.fixture
def without_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "has_decoder", lambda: False)


@pytest.mark.parametrize("chunk", [1, 7, 41, 42, 43, 65536])
def test_a_wav_is_measured_whatever_its_chunks(make_wav: Callable[..., bytes], chunk: int) -> None:
    truth = ((Segment(0, 10, 90),), ())
    content = make_wav(1.234, loud=(True, False), truth=truth)
    assert probe(content, chunk) == MediaFacts(kind="wav", length=123, loud=(True, False), truth=truth)


def test_a_broken_wav_has_a_fault_and_the_rest_is_passed_over(make_wav: Callable[..., bytes]) -> None:
    content = bytearray(make_wav())
    content[22:24] = b"\0\0"
    for chunk in (1, 7, 65536):
        facts = probe(bytes(content) + b"more" * 100, chunk)
        assert (facts.kind, facts.length, facts.loud) == ("wav", 0, ())
        assert facts.fault


def test_a_wav_without_audio_data_has_a_fault_at_its_end(make_wav: Callable[..., bytes]) -> None:
    assert probe(make_wav()[:40]).fault


@pytest.mark.parametrize(("content", "fault"), [(b"", "the file is empty"), (b"hello", "not an audio file")])
def test_what_is_no_audio_has_a_fault(content: bytes, fault: str) -> None:
    facts = probe(content)
    assert (facts.kind, facts.loud) == ("unknown", ())
    assert fault in (facts.fault or "")


@pytest.mark.usefixtures("without_decoder")
@pytest.mark.parametrize(("at", "magic", "kind"), MAGIC)
@pytest.mark.parametrize("chunk", [1, 65536])
def test_every_known_format_is_told_by_its_first_bytes(at: int, magic: bytes, kind: str, chunk: int) -> None:
    for rest in (b"", b"\0" * 100):
        assert probe(b"\x10" * at + magic + rest, chunk) == MediaFacts(kind=kind, **GUESS)


@pytest.mark.usefixtures("without_decoder")
@pytest.mark.parametrize(("seconds", "channels", "rate"), [(1.0, 1, 8000), (2.5, 2, 44100), (0.79, 8, 48000)])
def test_a_flac_is_measured_without_a_decoder(seconds: float, channels: int, rate: int) -> None:
    content = encode(seconds, channels, "FLAC", "PCM_16", rate)
    for chunk in (1, 65536):
        assert probe(content, chunk) == MediaFacts(kind="flac", length=round(seconds * 100), loud=(True,) * channels)


def test_a_flac_head_that_is_short_or_of_unknown_length_says_nothing() -> None:
    head = encode(1.0, 1, "FLAC", "PCM_16")[:HEAD]
    assert read_flac_head(head) is not None
    assert read_flac_head(head[:-1]) is None
    assert read_flac_head(head[:4] + b"\x03" + head[5:]) is None
    assert read_flac_head(head[:21] + bytes([head[21] & 0xF0]) + bytes(4) + head[26:]) is None
    assert read_flac_head(head[:18] + bytes(2) + bytes([head[20] & 0x0F]) + head[21:]) is None


def test_a_flac_of_unknown_length_is_assumed_even_with_a_decoder() -> None:
    content = encode(1.0, 1, "FLAC", "PCM_16")
    unknown = content[:21] + bytes([content[21] & 0xF0]) + bytes(4) + content[26:]
    assert probe(unknown) == MediaFacts(kind="flac", **GUESS)


@pytest.mark.parametrize(
    ("kind", "subtype", "name"),
    [
        ("OGG", "VORBIS", "ogg"),
        ("OGG", "OPUS", "ogg"),
        ("MP3", "MPEG_LAYER_III", "mp3"),
        ("AIFF", "PCM_16", "aiff"),
        ("AU", "PCM_16", "au"),
        ("CAF", "PCM_16", "caf"),
        ("W64", "PCM_16", "w64"),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_the_extra_measures_what_it_decodes(kind: str, subtype: str, name: str, channels: int) -> None:
    facts = probe(encode(2.0, channels, kind, subtype))
    assert (facts.kind, facts.loud, facts.assumed, facts.fault) == (name, (True,) * channels, False, None)
    assert 200 <= facts.length <= 210  # MP3 counts the frames that its encoder puts around the sound


@pytest.mark.parametrize(("kind", "name"), [("OGG", "ogg"), ("MP3", "mp3"), ("AIFF", "aiff")])
@pytest.mark.usefixtures("without_decoder")
def test_without_the_extra_the_length_is_assumed(kind: str, name: str) -> None:
    assert probe(encode(2.0, 1, kind)) == MediaFacts(kind=name, **GUESS)


def test_what_the_extra_does_not_decode_is_assumed() -> None:
    assert probe(b"\0\0\0\x20ftypM4A " + bytes(5000)) == MediaFacts(kind="mp4", **GUESS)


def test_a_large_compressed_file_is_measured_from_the_disk() -> None:
    content = encode(60.0, 1, "AIFF", "PCM_16")
    assert len(content) > SPOOLED_IN_MEMORY
    assert probe(content).length == 6000


@pytest.mark.filterwarnings("error")
def test_an_upload_that_is_dropped_halfway_leaves_no_open_file() -> None:
    reader = MediaProbe(ASSUMED)
    reader.feed(b"ID3" + bytes(SPOOLED_IN_MEMORY))
    del reader
    gc.collect()


@given(
    st.sampled_from([magic for at, magic, _ in MAGIC if at == 0] + [b"RIFF\0\0\0\0WAVE", b""]), st.binary(max_size=300)
)
def test_no_bytes_raise_anything(magic: bytes, rest: bytes) -> None:
    facts = probe(magic + rest)
    assert facts.length >= 0
    assert bool(facts.fault) == (not facts.loud)


@settings(max_examples=300)
@given(
    st.sampled_from(["FLAC", "OGG", "MP3", "AIFF", "AU", "CAF", "W64"]).map(lambda kind: encode(0.2, 2, kind)),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=6),
    st.integers(1, 4000),
)
def test_no_damage_to_a_real_file_raises_anything(content: bytes, damage: list[tuple[int, int]], length: int) -> None:
    damaged = bytearray(content[:length])
    for at, value in damage:
        damaged[at % len(damaged)] = value
    facts = probe(bytes(damaged))
    assert 0 <= facts.length < 1 << 60
    assert bool(facts.fault) == (not facts.loud)
