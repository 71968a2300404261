from __future__ import annotations

import io
import struct
import tempfile
import tracemalloc
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from diarkit_fixtures.media.probe import MAGIC, WALKS
from diarkit_fixtures.segments import Segment
from diarkit_mockserver.intake.media import MediaProbe
from diarkit_mockserver.intake.submission import Media, MediaFacts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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


@pytest.mark.parametrize("kind", sorted({kind for _, _, kind in MAGIC if kind not in WALKS}))
@pytest.mark.parametrize("chunk", [1, 65536])
def test_what_has_no_reader_is_assumed(kind: str, chunk: int) -> None:
    at, magic, _ = next(row for row in MAGIC if row[2] == kind)
    for rest in (b"", b"\0" * 100):
        assert probe(b"\x10" * at + magic + rest, chunk) == MediaFacts(kind=kind, **GUESS)


@pytest.mark.parametrize(
    ("kind", "subtype", "name"),
    [
        ("FLAC", "PCM_16", "flac"),
        ("OGG", "VORBIS", "ogg"),
        ("OGG", "OPUS", "ogg"),
        ("MP3", "MPEG_LAYER_III", "mp3"),
        ("AIFF", "PCM_16", "aiff"),
        ("AU", "PCM_16", "au"),
        ("CAF", "PCM_16", "caf"),
        ("CAF", "ALAC_16", "caf"),
        ("W64", "PCM_16", "w64"),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_what_has_a_reader_is_measured(kind: str, subtype: str, name: str, channels: int) -> None:
    facts = probe(encode(2.0, channels, kind, subtype))
    assert (facts.kind, facts.loud, facts.assumed, facts.fault) == (name, (True,) * channels, False, None)
    assert 199 <= facts.length <= 210  # packets are filled up


@pytest.mark.parametrize("subtype", ["GSM610", "G721_32", "NMS_ADPCM_16"])
def test_a_wav_of_a_codec_that_is_not_known_is_measured(subtype: str) -> None:
    assert 200 <= probe(encode(2.0, 1, "WAV", subtype, 8000)).length <= 204


@pytest.mark.parametrize("tag", [b"ID3\x04\0\0\0\0\x02\x01" + bytes(257), b"ID3\x03\0\0\0\0\0\0"])
@pytest.mark.parametrize("chunk", [1, 7, 65536])
@pytest.mark.parametrize("kind", ["FLAC", "MP3", "WAV"])
def test_a_tag_ahead_of_any_format_is_passed_over(tag: bytes, kind: str, chunk: int) -> None:
    content = encode(0.5, 1, kind)
    assert probe(tag + content, chunk) == probe(content)


def test_an_mp3_of_which_nothing_is_known_is_assumed() -> None:
    for content in (
        b"ID3\x04" + bytes(60),
        b"ID3\x04\0\0\0\0\0\x10" + bytes(60),
        bytes.fromhex("fffb9064") + bytes(2000),
    ):
        assert probe(content) == MediaFacts(kind="mp3", **GUESS)


@pytest.mark.parametrize("chunk", [1, 7, 65536])
def test_an_mp3_or_aac_may_begin_within_a_frame(chunk: int) -> None:
    """As a recorded stream does; ffmpeg decodes these."""
    frames = bytes.fromhex("fffb9064").ljust(417, b"\1") * 100
    assert probe(frames[100:], chunk) == MediaFacts(kind="unknown", length=99 * 1152 * 100 // 44_100, loud=(True, True))
    assert probe(frames[:100] + bytes(8000), chunk).fault is None
    assert probe(bytes(100) + frames[:417] + bytes(800), chunk).fault == "not an audio file that is known"
    assert probe(bytes(100) + frames[:300], chunk).fault == "not an audio file that is known"


@pytest.mark.parametrize("size", [10, 12, 60])
def test_a_file_that_ends_in_its_tag_is_broken(size: int) -> None:
    assert probe((b"ID3\x04\0\0\0\0\x7f\x7f" + bytes(60))[:size].ljust(12, b"\0")).fault == "the file ends in its tag"


def test_a_wav_whose_codec_tells_no_length_is_assumed() -> None:
    form = struct.pack("<HHIIHH", 0x55, 1, 8000, 0, 1, 0)
    content = b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<I", len(form)) + form + b"data\x40\0\0\0" + bytes(64)
    assert probe(content) == MediaFacts(kind="wav", **GUESS)


def test_no_bytes_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """D7: no upload is held in memory or on disk."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    for kind in ("AIFF", "FLAC", "WAV", "OGG"):
        reader, content = MediaProbe(ASSUMED), encode(0.5, 1, kind)
        reader.feed(content)
        tracemalloc.start()
        for _ in range(32):
            reader.feed(b"\x11" * (1 << 20))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 4 << 20


@given(
    st.sampled_from([magic for at, magic, _ in MAGIC if at == 0] + [b"RIFF\0\0\0\0WAVE", b"\0\0\0\x10ftyp", b""]),
    st.binary(max_size=300),
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
