"""Let sox and ffmpeg read every WAV that we write, and print who finds which length. Run by hand, where both are installed.

PYTHONPATH=fixtures python tests/peers/readers.py > tests/peers/readers.txt
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import wave
from pathlib import Path

from diarkit_fixtures.samples.catalogue import SAMPLES, write_samples


def ask(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "refused"


def ask_wave(path: Path) -> str:
    try:
        with wave.open(str(path)) as file:
            return f"{file.getnframes() / file.getframerate():.2f}"
    except (wave.Error, EOFError):
        return "refused"


def round_seconds(text: str) -> str:
    return f"{float(text):.2f}" if re.fullmatch(r"[0-9.]+", text) else "refused"


def count_decoded(path: Path) -> str:
    """Return the seconds that ffmpeg decodes: its header's answer would be a promise."""
    command = ("ffmpeg", "-v", "error", "-i", path, "-f", "s16le", "-ac", "1", "-ar", "8000", "-")
    done = subprocess.run(command, capture_output=True, check=False)
    return f"{len(done.stdout) / 16000:.2f}" if done.returncode == 0 else "refused"


def main() -> None:
    sys.stdout.write(f"{'file':28} {'ours':>8} {'sox':>8} {'ffmpeg':>8} {'chapters':>8} {'wave':>8}\n")
    with tempfile.TemporaryDirectory() as name:
        for sample in SAMPLES.values():
            if sample.recording is None:
                continue
            path = write_samples(Path(name), [sample.name])[0]
            chapters = ask("ffprobe", "-v", "error", "-show_entries", "chapter=id", "-of", "csv=p=0", path)
            sys.stdout.write(
                f"{sample.name:28} {sample.recording.length * sample.share / 10_000:8.2f}"
                f" {round_seconds(ask('soxi', '-D', path)):>8} {count_decoded(path):>8}"
                f" {len(chapters.split()):8} {ask_wave(path):>8}\n"
            )
            path.unlink()


if __name__ == "__main__":
    main()
