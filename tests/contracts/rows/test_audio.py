"""Rows of somebody's own recording: named by number, made when they are sent, bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from diarkit_contracts.exchanges.exchange import Relation
from diarkit_contracts.rows import audio
from diarkit_contracts.rows.audio import AudioError, read_recording
from diarkit_contracts.rows.call import Carried
from diarkit_contracts.rows.file import write_row
from diarkit_fixtures.wav import chunks, frames
from diarkit_fixtures.wav.file import write_wav

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Ten seconds of noise on two channels, at a rate that no centisecond fits."""
    file = tmp_path / "Jane Doe.WAV"
    samples = np.random.default_rng(2).integers(-9_000, 9_000, (110_250, 2), dtype=np.int16)
    file.write_bytes(write_wav(samples, 11_025))
    return file


def find_file(row: Any) -> Carried:
    return next(part for part in row.call.body if isinstance(part, Carried))


def test_rows_are_named_by_the_number_of_the_file(path: Path) -> None:
    rows = read_recording(path, 3).rows
    assert [row.id for row in rows] == [
        f"audio-3-{name}" for name in ("given", "again", "flac", "swapped", "delayed", "range", "cut")
    ]
    assert {row.what for row in rows} == {"2ch-10.0s"}
    assert {find_file(row).filename for row in rows} == {"audio.wav", "audio.flac"}
    assert all(row.call.is_private for row in rows)


def test_a_part_says_what_it_was_made_of(path: Path) -> None:
    recording = read_recording(path, 1)
    for row in recording.rows:
        (part,) = row.call.describe_body() or ()
        assert part.made is not None
        assert part.made.of == recording.sha256
        assert (part.sha256 == recording.sha256) is (part.made.relation in {"given", "again", "range"})


def test_the_range_is_the_middle_half_and_the_cut_file_as_long(path: Path) -> None:
    rows = {row.id: row for row in read_recording(path, 1).rows}
    assert rows["audio-1-range"].call.query == (("range_from", "2.5"), ("range_to", "7.5"))
    (cut,) = rows["audio-1-cut"].call.describe_body() or ()
    assert cut.sound is not None
    assert cut.sound.length == 500


def test_a_limit_is_written_into_the_config(path: Path) -> None:
    row = read_recording(path, 1).limit(4)
    (_, config) = row.call.describe_body() or ()
    assert config.text == '{"max_speakers": 4}'


def test_of_a_short_recording_no_part_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "short.wav"
    file.write_bytes(write_wav(np.zeros((31_920, 1), np.int16), 8_000))
    obstacles = read_recording(file, 1).obstacles
    assert set(obstacles) == {Relation.RANGE, Relation.CUT, Relation.SWAPPED}


def test_more_than_the_bound_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = path.stat().st_size
    monkeypatch.setattr(audio, "MOST_BYTES", size)
    read_recording(path, 1)
    monkeypatch.setattr(audio, "MOST_BYTES", size - 1)
    with pytest.raises(AudioError, match="expected a recording of at most 0 MB, got a larger one"):
        read_recording(path, 1)


def test_what_is_made_comes_in_small_pieces_and_is_what_was_announced(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio, "MOST", 4_096)
    monkeypatch.setattr(frames, "MOST", 4_096)
    monkeypatch.setattr(chunks, "MOST", 4_096)
    for row in read_recording(path, 1).rows:
        _, body = row.call.write_body()
        assert not isinstance(body, bytes)
        sizes = [len(chunk) for chunk in body]
        assert len(body) == len(bytes(body)) == sum(sizes)
        # Of the two seconds of silence ahead the bound is not asked.
        assert max(sizes) <= (4_096 if "delayed" not in row.id else 2 * 11_025 * 4)


def test_a_file_that_changed_while_it_was_sent_is_an_error(path: Path) -> None:
    (row, *_) = read_recording(path, 1).rows
    _, body = row.call.write_body()
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(AudioError, match="it has changed since the run began"):
        bytes(body)
    with pytest.raises(AudioError, match="it has changed since the run began"):
        row.call.write_body()


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="No such file"):
        read_recording(tmp_path / "gone.wav", 1)


def test_no_recording_is_written_into_a_file_of_rows(path: Path) -> None:
    assert write_row(read_recording(path, 1).limit(2))["body"] == [{"name": "config", "text": '{"max_speakers": 2}'}]
