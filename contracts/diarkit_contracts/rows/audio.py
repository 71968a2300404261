"""Rows with variants of own recordings (`--audio`). No audio is stored: each file is made while it is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

from diarkit_contracts.api.error import ContractsError
from diarkit_contracts.exchanges.exchange import AHEAD, Made, Relation
from diarkit_contracts.rows.call import Call, Carried, Row, Written
from diarkit_fixtures.media.flac import find_obstacle, write_flac
from diarkit_fixtures.wav.chunks import MOST, Chunks, split
from diarkit_fixtures.wav.file import WavError
from diarkit_fixtures.wav.frames import Frames, read_frames

MOST_BYTES: Final = 64_000_000
"""Limit for a recording: an hour of telephone audio. Only its FLAC is ever in memory as a whole."""

LEAST_PARTED: Final = 400
"""Centiseconds: half of a shorter recording is too short for speakers."""

IN_DECODED: Final[tuple[Relation, ...]] = (
    Relation.FLAC, Relation.SWAPPED, Relation.DELAYED, Relation.RANGE, Relation.CUT, Relation.DOUBLED,
)  # fmt: skip


class AudioError(ContractsError):
    """A recording is unreadable, too large, or has changed."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        super().__init__(f"{path}: {reason}")


@dataclass(frozen=True, slots=True)
class Recording:
    """An own recording, without its audio.

    Attributes:
        number: of the file, from 1, used instead of its possibly confidential name.
        what: channels and length, for names of rows.
        obstacles: why a variant can't be made of it.
        span: of the requested range, in centiseconds; None without one.
    """

    path: Path
    number: int
    sha256: str
    what: str
    obstacles: Mapping[Relation, str]
    span: tuple[int, int] | None = None

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows that do not depend on answers, the original first."""
        wanted = (each for each in Relation if each is not Relation.LIMITED and each not in self.obstacles)
        return tuple(map(self._make_row, wanted))

    def limit(self, speakers: int) -> Row:
        """Make the row with a limit of at least the number of speakers found."""
        return self._make_row(Relation.LIMITED, speakers)

    def name_row(self, relation: Relation) -> str:
        """Return the name of a relation's row, whether it can be made or not."""
        return f"{self._identify(relation)}[{self.what}]"

    def _identify(self, relation: Relation) -> str:
        return f"audio-{self.number}-{relation}"

    def _make_row(self, relation: Relation, limit: int | None = None) -> Row:
        span = self.span if relation is Relation.CUT else None
        load = partial(make_file, self.path, self.sha256, relation, span)
        suffix = ".flac" if relation is Relation.FLAC else self.path.suffix.lower()
        file = Carried(load, f"audio{suffix}", Made(of=self.sha256, relation=relation))
        query: tuple[tuple[str, str], ...] = ()
        if relation is Relation.RANGE and self.span is not None:
            query = tuple(zip(("range_from", "range_to"), (f"{time / 100:g}" for time in self.span), strict=True))
        limits = () if limit is None else (Written(f'{{"max_speakers": {limit}}}'),)
        call = Call(query=query, body=(file, *limits))
        return Row(id=self._identify(relation), what=self.what, call=call, accepted=True)


def read_recording(path: Path, number: int) -> Recording:
    """Read a recording, or raise AudioError."""
    file = _open(path)
    sha256 = _digest(file)
    try:
        frames = read_frames(partial(_read, path), file)
    except WavError as error:
        obstacles: dict[Relation, str] = dict.fromkeys(IN_DECODED, f"its samples can't be read: {error}")
        return Recording(path, number, sha256, f"{len(file)} bytes", obstacles)
    length = frames.length
    span = (length // 40 * 10, length * 3 // 40 * 10) if length >= LEAST_PARTED else None
    what = f"{frames.channels}ch-{length / 100:.1f}s"
    return Recording(path, number, sha256, what, dict(_list_obstacles(frames, span)), span)


def _list_obstacles(frames: Frames, span: object) -> Iterator[tuple[Relation, str]]:
    if obstacle := find_obstacle(frames):
        yield Relation.FLAC, obstacle
    if frames.channels == 1:
        yield Relation.SWAPPED, "it has one channel"
    else:
        yield Relation.DOUBLED, f"it has {frames.channels} channels"
    if span is None:
        reason = f"it is shorter than {LEAST_PARTED / 100:g} s"
        yield from ((each, reason) for each in (Relation.RANGE, Relation.CUT))


def make_file(path: Path, sha256: str, relation: Relation, span: tuple[int, int] | None) -> Chunks:
    """Make the file of a variant; an `AudioError` if the recording, read as `sha256` first, was removed or has changed."""
    file = _open(path)
    if _digest(file) != sha256:
        raise AudioError(path, "it has changed since the run began")
    if relation not in IN_DECODED or relation is Relation.RANGE:
        return file
    if relation is Relation.FLAC:
        return split(_make_flac(path, sha256))
    frames = read_frames(partial(_read, path), file)
    if relation is Relation.CUT and span is not None:
        return frames.cut(*span).write()
    made = {Relation.SWAPPED: frames.swap, Relation.DOUBLED: frames.double}
    return made.get(relation, partial(frames.delay, AHEAD))().write()


@lru_cache(1)  # called twice in a row, to describe the form and to send it
def _make_flac(path: Path, sha256: str) -> bytes:  # noqa: ARG001 - part of the cache key
    return write_flac(read_frames(partial(_read, path), _open(path)))


def _digest(file: Chunks) -> str:
    digest = hashlib.sha256()
    for chunk in file:
        digest.update(chunk)
    return digest.hexdigest()


def _open(path: Path) -> Chunks:
    """Return the bytes of a file, read on demand."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise AudioError(path, error.strerror or "it can't be read") from None
    if size > MOST_BYTES:
        raise AudioError(
            path, f"expected a recording of at most {MOST_BYTES // 1_000_000} MB, got a larger one: cut it"
        )
    return Chunks(size, lambda: (_read(path, at, min(MOST, size - at)) for at in range(0, size, MOST)))


def _read(path: Path, at: int, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(at)
            data = file.read(size)
    except OSError as error:
        raise AudioError(path, error.strerror or "it can't be read") from None
    if len(data) < size:
        raise AudioError(path, "it has changed since the run began")
    return data
