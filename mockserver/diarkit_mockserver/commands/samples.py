"""The commands `diarkit samples ...`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from diarkit_contracts.commands.flags import Group, UnwritableError
from diarkit_contracts.commands.output import echo_lines

WORTH_A_BAR = 20_000_000
"""Bytes from which a recording gets a progress bar."""


@click.group(cls=Group, examples=("diarkit samples list", "diarkit samples write recordings"))
def samples() -> None:
    """List or write the recordings with known truth."""


@samples.command("list", examples=("diarkit samples list",))
def list_samples() -> None:
    """List the recordings by name, the guide's first."""
    from diarkit_fixtures.samples.catalogue import SAMPLES  # noqa: PLC0415 - imported on first use

    width = max(map(len, SAMPLES))
    echo_lines(f"{sample.name:{width}}  {sample.about}" for sample in SAMPLES.values())


@samples.command(examples=("diarkit samples write recordings", "diarkit samples write recordings --all"))
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.argument("names", metavar="[NAME...]", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Write all recordings (about 150 MB), not only the guide's.")
def write(directory: Path, names: tuple[str, ...], *, everything: bool) -> None:
    """Write recordings into DIRECTORY, by name or the guide's four.

    Each is written as wav, with its truth as rttm, Audacity labels (txt) and picture (svg).
    """
    from diarkit_fixtures.samples.catalogue import SAMPLES, UnknownSampleError  # noqa: PLC0415
    from diarkit_fixtures.samples.write import BESIDE, write_samples  # noqa: PLC0415

    chosen = tuple(SAMPLES) if everything else names or None
    try:
        written = write_samples(directory, chosen, show_progress, beside=BESIDE)
    except UnknownSampleError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise UnwritableError(str(error.filename or directory), error.strerror) from None
    echo_lines(map(str, written))


def show_progress(name: str, done: int, size: int) -> None:
    """Show the progress of a large recording, in bytes, on a terminal."""
    if size >= WORTH_A_BAR and sys.stderr.isatty():
        cells = done * 30 // size
        end = "\r" if done < size else "\n"
        click.echo(f"{name} [{'#' * cells}{'.' * (30 - cells)}] {done * 100 // size:3} %{end}", nl=False, err=True)
