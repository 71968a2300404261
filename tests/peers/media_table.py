"""Hold our measurements of media files against ffmpeg, ffprobe, soxi and libsndfile, and print the table. Run by hand, where they are.

    apt-get install ffmpeg sox libsox-fmt-all flac lame opus-tools && pip install soundfile
    pip download --no-deps --no-binary :all: -d SDISTS mutagen hachoir    # source distributions that carry media files
    PYTHONPATH=fixtures:contracts:mockserver python tests/peers/media_table.py [SDISTS] > tests/peers/media_table.txt

What the others answered is kept in `media_answers.json` in the folder for temporary files, so that the next run asks about new files only.

The truth is how many seconds ffmpeg decodes; where ffmpeg refuses a file, what libsndfile or soxi says. A file that none of them opens is
broken. `agree` is a difference of at most 0.1 s, which covers what encoders put around the sound.

Longer than other files, as it has all that one run by hand needs.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import wave
import zipfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import soundfile

from diarkit_fixtures.samples.catalogue import SAMPLES
from diarkit_fixtures.samples.write import write_samples
from diarkit_fixtures.wav.malformed import MALFORMED
from diarkit_mockserver.intake.media import Media, MediaProbe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diarkit_mockserver.intake.submission import MediaFacts

SECONDS: Final = 2.5
NEAR: Final = 0.1
LARGEST: Final = 64 << 20
ASSUMED: Final = Media(duration=77.77)
ENDINGS: Final = frozenset(
    [
        "aac",
        "ac3",
        "aif",
        "aifc",
        "aiff",
        "amr",
        "ape",
        "asf",
        "au",
        "avi",
        "caf",
        "flac",
        "flv",
        "m4a",
        "m4b",
        "mka",
        "mkv",
        "mov",
        "mp2",
        "mp3",
        "mp4",
        "mpc",
        "mpg",
        "oga",
        "ogg",
        "opus",
        "snd",
        "spx",
        "sph",
        "tak",
        "ts",
        "tta",
        "voc",
        "w64",
        "wav",
        "wave",
        "webm",
        "wma",
        "wmv",
        "wv",
        "3gp",
        "3ga",
        "rf64",
        "mpeg",
        "mpeg4",
        "ofr",
        "dsf",
    ]
)

FFMPEG: Final = {
    **{
        f"pcm {codec}.{ending}": f"-c:a {codec}"
        for codec, ending in (
            ("pcm_u8", "wav"),
            ("pcm_s16le", "wav"),
            ("pcm_s24le", "wav"),
            ("pcm_s32le", "wav"),
            ("pcm_f32le", "wav"),
            ("pcm_f64le", "wav"),
            ("pcm_alaw", "wav"),
            ("pcm_mulaw", "wav"),
            ("adpcm_ms", "wav"),
            ("adpcm_ima_wav", "wav"),
            ("pcm_s16be", "aiff"),
            ("pcm_s24be", "aiff"),
            ("pcm_f32be", "aiff"),
            ("pcm_alaw", "aiff"),
            ("adpcm_ima_qt", "aiff"),
            ("pcm_s16le", "w64"),
            ("pcm_mulaw", "w64"),
            ("pcm_s16be", "caf"),
            ("pcm_s24le", "caf"),
            ("alac", "caf"),
            ("libopus", "caf"),
            ("pcm_s16be", "au"),
            ("pcm_mulaw", "au"),
            ("pcm_s16le", "mov"),
        )
    },
    "libmp3lame.wav": "-c:a libmp3lame",
    "g726.wav": "-ar 8000 -ac 1 -c:a g726",
    "mp2.wav": "-c:a mp2",
    "aac.wav": "-c:a aac",
    "ac3.wav": "-c:a ac3",
    "rf64.wav": "-rf64 always",
    "flac.flac": "",
    "flac.ogg": "-c:a flac",
    "vorbis.ogg": "-c:a libvorbis",
    "opus.ogg": "-c:a libopus",
    "opus.opus": "-c:a libopus",
    "speex.ogg": "-ar 16000 -ac 1 -c:a libspeex",
    "mp3.mp3": "",
    "mp3 no id3.mp3": "-id3v2_version 0 -write_xing 0",
    "mp3 8 kHz.mp3": "-ar 8000",
    "mp3 mpeg2.mp3": "-ar 22050",
    "mp3 vbr.mp3": "-q:a 5",
    "mp2.mp2": "",
    "aac.aac": "",
    "aac.m4a": "",
    "aac faststart.m4a": "-movflags +faststart",
    "aac fragmented.mp4": "-movflags frag_keyframe+empty_moov+default_base_moof",
    "alac.m4a": "-c:a alac",
    "opus.mp4": "-c:a libopus",
    "mp3.mp4": "-c:a mp3",
    "aac.mov": "",
    "aac.3gp": "",
    "opus.webm": "-c:a libopus",
    "vorbis.webm": "-c:a libvorbis",
    "live opus.webm": "-c:a libopus -live 1 -dash 0",
    "aac.mka": "-c:a aac",
    "flac.mka": "-c:a flac",
    "pcm.mkv": "-c:a pcm_s16le",
    "amr.amr": "-ar 8000 -ac 1",
    "ac3.ac3": "",
    "wavpack.wv": "",
    "tta.tta": "",
    "aac.ts": "",
    "mp2.mpg": "-c:a mp2",
    "mp3.avi": "-c:a mp3",
    "mp3.flv": "-c:a mp3 -ar 44100",
    "wma.wma": "",
    "voc.voc": "",
}
"""What ffmpeg writes, and how; the ending says into which container."""

SOX: Final = (
    "aif",
    "aifc",
    "au",
    "caf",
    "flac",
    "gsm.wav",
    "mp3",
    "ogg",
    "sph",
    "voc",
    "w64",
    "wav",
    "8svx",
    "wv",
    "amr-nb",
    "spx",
)
SNDFILE: Final = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC", "OGG", "MP3", "NIST", "VOC", "SVX")
OTHERS: Final = {
    "flac -8.flac": "flac -s -f -8 -o {out} {wav}",
    "flac --ogg.oga": "flac -s -f --ogg -o {out} {wav}",
    "flac of a pipe.flac": "sh -c 'cat {wav} | flac -s --stdout --ignore-chunk-sizes - > {out}'",
    "lame.mp3": "lame --quiet {wav} {out}",
    "lame -V2 without tag.mp3": "lame --quiet -V2 -t {wav} {out}",
    "lame 8 kHz mono.mp3": "lame --quiet -m m --resample 8 {wav} {out}",
    "lame with ID3.mp3": "lame --quiet --add-id3v2 --tt title {wav} {out}",
    "lame of a pipe.wav": "sh -c 'lame --quiet --decode {mp3} - > {out}'",
    "opusenc.opus": "opusenc --quiet {wav} {out}",
    "opusenc 60 ms.opus": "opusenc --quiet --framesize 60 --bitrate 12 {wav} {out}",
    "ffmpeg of a pipe.wav": "sh -c 'ffmpeg -v error -i {wav} -f wav - > {out}'",
    "ffmpeg of a pipe.flac": "sh -c 'ffmpeg -v error -i {wav} -f flac - > {out}'",
    "ffmpeg of a pipe.webm": "sh -c 'ffmpeg -v error -i {wav} -c:a libopus -f webm - > {out}'",
    "sox of a pipe.wav": "sh -c 'sox {wav} -t wav - > {out}'",
    "video without sound.mp4": "ffmpeg -v error -y -f lavfi -i testsrc=d=2:s=64x64 {out}",
    "video with sound.mp4": "ffmpeg -v error -y -f lavfi -i testsrc=d=2.5:s=64x64 -i {wav} -c:a aac {out}",
    "video with sound.webm": "ffmpeg -v error -y -f lavfi -i testsrc=d=2.5:s=64x64 -i {wav} -c:v libvpx -c:a libopus {out}",
}


def run(command: str, **names: Path) -> bool:
    filled = command.format(**{name: str(path).replace(" ", "\\ ") for name, path in names.items()})
    return subprocess.run(["sh", "-c", filled], capture_output=True, check=False, timeout=60).returncode == 0


def make_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield maker and path of each file that the tools here can write."""
    waves: dict[int, Path] = {}
    for channels in (1, 2):
        waves[channels] = folder / f"source {channels}.wav"
        frames = np.arange(int(SECONDS * 16_000))
        tone = (np.sin(frames / 7) * (frames % 4000 < 3000) * 8000).astype(np.int16)
        soundfile.write(waves[channels], np.stack([tone] * channels, axis=1), 16_000)
        soundfile.write(folder / f"source {channels}.mp3", np.stack([tone] * channels, axis=1), 16_000)
    for channels, source in waves.items():
        jobs = {("ffmpeg", name): f"ffmpeg -v error -y -i {{wav}} {flags} {{out}}" for name, flags in FFMPEG.items()}
        jobs |= {
            ("sox", f"sox.{ending}"): "sox {wav} " + ("-e gsm -r 8000 -c 1 " if "gsm" in ending else "") + "{out}"
            for ending in SOX
        }
        jobs |= {
            (command.split(maxsplit=1)[0].replace("sh", "pipe"), name): command for name, command in OTHERS.items()
        }
        for (maker, name), command in jobs.items():
            out = folder / f"{channels}ch {name}"
            if (
                run(command, wav=source, out=out, mp3=source.with_suffix(".mp3"))
                and out.exists()
                and out.stat().st_size
            ):
                yield maker, out
        samples, rate = soundfile.read(source)
        for kind in SNDFILE:
            for subtype in soundfile.available_subtypes(kind):
                out = folder / f"{channels}ch {kind} {subtype}.{kind.lower()}"
                try:
                    soundfile.write(
                        out, samples, 8000 if subtype in {"GSM610", "G721_32"} else rate, format=kind, subtype=subtype
                    )
                except (soundfile.LibsndfileError, ValueError):
                    continue
                yield "libsndfile", out


def break_files(folder: Path, paths: list[Path]) -> Iterator[tuple[str, Path]]:
    """Yield files that broke off half-way and after 60 bytes, noise, and the WAVs that readers trip over."""
    for path in paths:
        if path.name.startswith("1ch") and path.suffix in {
            ".wav",
            ".flac",
            ".mp3",
            ".ogg",
            ".opus",
            ".m4a",
            ".webm",
            ".aiff",
            ".w64",
            ".caf",
            ".au",
        }:
            data = path.read_bytes()
            for name, size in (("half", len(data) // 2), ("60 bytes", 60)):
                out = folder / f"{name} of {path.name}"
                out.write_bytes(data[:size])
                yield "broken off", out
    for name, data in MALFORMED.items():
        out = folder / f"{re.sub('[^a-z0-9]+', ' ', name, flags=re.IGNORECASE)}.wav"
        out.write_bytes(data)
        yield "malformed", out
    for name in ("empty.wav", "not-audio.wav", "headless.wav"):
        yield "malformed", write_samples(folder, [name])[0]


def unpack(folder: Path, sdists: Path) -> Iterator[tuple[str, Path]]:
    """Yield the media files inside source distributions."""
    for number, archive in enumerate(sorted(sdists.iterdir())):
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive) as file:
                found = [(name, file.read(name)) for name in file.namelist() if is_media(name)]
        else:
            with tarfile.open(archive) as file:
                members = [
                    member for member in file if member.isfile() and is_media(member.name) and member.size < LARGEST
                ]
                found = [
                    (member.name, data.read()) for member in members if (data := file.extractfile(member)) is not None
                ]
        for at, (name, data) in enumerate(found):
            out = folder / f"{number}-{at}-{Path(name).name}"
            out.write_bytes(data)
            yield archive.name.rsplit("-", 1)[0], out


def is_media(name: str) -> bool:
    return name.rpartition(".")[2].lower() in ENDINGS


def probe(path: Path) -> MediaFacts:
    reader = MediaProbe(ASSUMED)
    with path.open("rb") as file:
        while piece := file.read(1 << 16):
            reader.feed(piece)
    return reader.close()


def ask(*command: str | Path) -> float | None:
    """Return the seconds that a program prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    text = done.stdout.strip()
    return float(text) if done.returncode == 0 and re.fullmatch(r"[0-9.]+", text) else None


def decode(path: Path) -> float | None:
    """Return the seconds that ffmpeg decodes: its header's answer would be a promise."""
    command = ("ffmpeg", "-v", "error", "-i", path, "-map", "0:a:0", "-f", "s16le", "-ac", "1", "-ar", "8000", "-")
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)
    return len(done.stdout) / 16_000 if done.returncode == 0 or done.stdout else None


def ask_sndfile(path: Path) -> float | None:
    try:
        with soundfile.SoundFile(path) as file:
            return file.frames / file.samplerate if file.frames < 1 << 53 else None
    except (soundfile.LibsndfileError, TypeError):
        return None


def ask_wave(path: Path) -> float | None:
    try:
        with wave.open(str(path)) as file:
            return file.getnframes() / file.getframerate()
    except (wave.Error, EOFError, ZeroDivisionError, RuntimeError):  # some of its own
        return None


class Answers:
    """What the others say of a file: decoded by ffmpeg, ffprobe, soxi, libsndfile, wave; asked once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, list[float | None]] = json.loads(path.read_text()) if path.exists() else {}

    def __getitem__(self, path: Path) -> list[float | None]:
        # The ending is a hint to some of them.
        key = hashlib.sha256(path.read_bytes() + path.suffix.encode()).hexdigest()
        if key not in self._known:
            probed = ask("ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path)
            self._known[key] = [decode(path), probed, ask("soxi", "-D", path), ask_sndfile(path), ask_wave(path)]
            if len(self._known) % 20 == 0:
                self.save()
        return self._known[key]

    def save(self) -> None:
        self._path.write_text(json.dumps(self._known))


def judge(facts: MediaFacts, decoded: float | None, others: list[float | None]) -> str:
    """Say what our answer is worth beside the others'."""
    readable = decoded is not None or any(other is not None for other in others[1:])  # a silent video has a length, too
    if facts.fault is not None:
        return "rejected though readable" if readable else "broken for all"
    if facts.assumed:
        return "assumed"
    if not readable:
        return "accepted though broken" if facts.length else "measured as empty"
    truths = [decoded] if decoded is not None else [other for other in others if other is not None]
    if any(abs(facts.length / 100 - truth) <= NEAR for truth in truths):
        return "agree"
    return (
        "agree with another" if any(o is not None and abs(facts.length / 100 - o) <= NEAR for o in others) else "differ"
    )


def show(seconds: float | None) -> str:
    return "refused" if seconds is None else f"{seconds:.2f}"


def main() -> None:
    tally: defaultdict[str, Counter[str]] = defaultdict(Counter)
    out = io.StringIO()
    answers = Answers(Path(tempfile.gettempdir(), "media_answers.json"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = list(make_files(folder))
        cases = [*made, *break_files(folder, [path for _, path in made])]
        cases += [
            ("samples", write_samples(folder, [s.name])[0])
            for s in SAMPLES.values()
            if s.recording and s.name != "two-hours.wav"
        ]
        for sdists in map(Path, sys.argv[1:]):
            cases += list(unpack(folder, sdists))
        for maker, path in cases:
            facts, (decoded, *others) = probe(path), answers[path]
            verdict = judge(facts, decoded, others)
            tally[maker][verdict] += 1
            if verdict not in {"agree", "broken for all"}:
                ours = facts.fault or ("assumed" if facts.assumed else f"{facts.length / 100:.2f}")
                out.write(
                    f"{verdict:24}  {maker:12}  {path.name[:44]:44}  {ours[:60]:>8}  {'  '.join(show(s) for s in (decoded, *others))}\n"
                )
    answers.save()
    verdicts = (
        "agree",
        "agree with another",
        "assumed",
        "rejected though readable",
        "accepted though broken",
        "measured as empty",
        "broken for all",
        "differ",
    )
    sys.stdout.write(f"{'':14}{'files':>6}" + "".join(f"{v:>26}" for v in verdicts) + "\n")
    for maker, counts in [*tally.items(), ("all", sum(tally.values(), Counter()))]:
        sys.stdout.write(f"{maker:14}{sum(counts.values()):6}" + "".join(f"{counts[v]:26}" for v in verdicts) + "\n")
    sys.stdout.write(
        "\nAll that is not plain agreement: ours, then decoded by ffmpeg, ffprobe, soxi, libsndfile, Python's wave\n"
    )
    sys.stdout.write("".join(f"{line}\n" for line in sorted(out.getvalue().splitlines())))


if __name__ == "__main__":
    main()
