from __future__ import annotations

import hashlib
from dataclasses import FrozenInstanceError
from typing import Any, cast

import numpy as np
import pytest

from diarkit_contracts.exchanges.exchange import Answer, Request, describe_content, describe_field
from diarkit_fixtures.wav.file import write_wav


def test_a_request_tells_its_path_and_decoded_query() -> None:
    request = Request(method="POST", url="http://a:1/b/c%20d?channels=0%2C1&empty=&x=1&x=2")
    assert request.path == "/b/c%20d"
    assert request.query == {"channels": "0,1", "empty": "", "x": "2"}


def test_a_header_is_found_in_any_case_and_the_first_counts() -> None:
    answer = Answer(status=202, headers=(("x-LOCATION", "one"), ("X-Location", "two")))
    assert (answer.header("X-Location"), answer.header("Location")) == ("one", None)


def test_a_recording_is_described_by_digest_size_and_sound() -> None:
    data = write_wav(np.full((4000, 2), 9000, dtype=np.int16), 8000)
    part = describe_content("file", data, "Gespräch.wav")
    assert (part.filename, part.size, part.text) == ("Gespräch.wav", len(data), None)
    assert part.sha256 == hashlib.sha256(data).hexdigest()
    assert part.sound is not None
    assert (part.sound.channels, part.sound.length, part.sound.loud) == (2, 50, (True, True))


@pytest.mark.parametrize(
    ("rate_hz", "encoding", "is_usual"),
    [
        (8_000, "pcm16", True),
        (16_000, "alaw", True),
        (8_000, "mulaw", True),
        (44_100, "pcm16", False),
        (8_000, "pcm24", False),
    ],
)
def test_speech_of_a_telephone_is_usual_audio(rate_hz: int, encoding: str, is_usual: bool) -> None:
    data = write_wav(np.full(4000, 9000, dtype=np.int16), rate_hz, encoding=encoding)
    sound = describe_content("file", data, "a.wav").sound
    assert sound is not None
    assert sound.is_usual is is_usual


@pytest.mark.parametrize("data", [b"", b"not audio", b"RIFF\x00\x00\x00\x00WAVE"])
def test_a_file_that_is_no_wav_has_no_sound(data: bytes) -> None:
    assert describe_content("file", data, "a.wav").sound is None


def test_a_field_is_described_by_its_text() -> None:
    part = describe_field("config", '{"é": 1}')
    assert (part.filename, part.text, part.size) == (None, '{"é": 1}', 9)


def test_values_can_not_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        cast("Any", Answer(status=200)).status = 500
