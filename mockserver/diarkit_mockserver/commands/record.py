"""The command `record`: send files to a live platform, and save its answers as a scenario."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import click

from diarkit_contracts.api.error import TerminatedError
from diarkit_contracts.commands.flags import READ, WRITTEN, Command, flag, take
from diarkit_contracts.commands.output import echo_lines, stop_on_term, write_file
from diarkit_contracts.commands.target_flags import Access, open_target
from diarkit_fixtures.errors import require

if TYPE_CHECKING:
    from pathlib import Path

    from diarkit_mockserver.forward.recorder import Speed

QUERY = ("channel_mode", "channels", "range_from", "range_to")


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """How to save the answers of a platform as a scenario; `record` has a file of its own."""

    GROUP: ClassVar[str] = "Scenario"

    save: Path | None = flag(
        type=WRITTEN, help="Save a scenario with the platform's answers to this file, after each task."
    )
    speed: float = flag(
        default=1.0,
        type=click.FloatRange(min=0, min_open=True),
        help="Make the fake this many times as fast as the platform.",
    )
    course: Literal["measured", "immediate"] = flag(
        default="measured",
        type=click.Choice(["measured", "immediate"]),
        help="Finish tasks after the measured time, or immediately.",
    )

    @property
    def asked(self) -> Speed:
        """The speed, or `immediate`."""
        return "immediate" if self.course == "immediate" else self.speed


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Parameters sent with each file, and the output file."""

    GROUP: ClassVar[str] = "Requests"

    output: Path = flag(
        "-o", "--output", required=True, type=WRITTEN, group=Saving.GROUP, help="Write the scenario to this file."
    )
    config: str = flag(
        default="", metavar="JSON", help="Send this config with each file, such as '{\"total_speakers\": 2}'."
    )
    query: tuple[str, ...] = flag(
        default=(),
        multiple=True,
        metavar="NAME=VALUE",
        help=f"Send this query parameter with each file: {', '.join(QUERY)}; may be repeated.",
    )


@click.command(
    cls=Command,
    examples=(
        "diarkit record https://platform.example call.wav -o call.yaml",
        "diarkit record http://127.0.0.1:8000 a.wav b.wav -o both.yaml --course immediate --query channel_mode=mix",
    ),
)
@click.argument("url")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=READ)
@take("wish", Wish)
@take("saving", Saving, "speed", "course")
@take("access", Access)
def record(url: str, files: tuple[Path, ...], wish: Wish, saving: Saving, access: Access) -> None:
    """Send FILEs to a platform, and save its answers as a scenario.

    With the scenario, the fake answers as the platform at URL did. Files are sent one after the other, and the scenario is written after
    each, so an interruption loses only the current file. A file is held in memory while it is sent.

    Exit 0: written. 1: an answer can't be replayed, or is not of this API. 2: wrong usage. 4: no answer. 130, 143: interrupted, terminated.
    """
    from diarkit_contracts.runs.record import RecordError, record_file  # noqa: PLC0415 - imported on first use
    from diarkit_contracts.target.client import Caps  # noqa: PLC0415
    from diarkit_mockserver.forward.recorder import Recorder  # noqa: PLC0415

    require("jsonschema")
    query = _read_query(wish)
    most = sys.maxsize  # no limits, as the user named the files
    caps = Caps(tasks=most, calls=most, bytes_up=most, seconds=most, received=most)
    seen: set[str] = set()
    with open_target(url, access, caps) as target, stop_on_term():
        recorder = Recorder(target.redaction.strike_url(target.url), saving.asked)
        for path in files:
            try:
                data = path.read_bytes()
                if (digest := hashlib.sha256(data).hexdigest()) in seen:
                    click.echo(f"{path}: same content as an earlier file; one rule answers both", err=True)
                    continue
                seen.add(digest)
                name = os.fsencode(path.name).decode(errors="replace")
                *_, recorded = map(recorder.add, record_file(target, name, data, config=wish.config, query=query))
            except RecordError as error:
                click.echo(f"{error}", err=True)
                sys.exit(1 if target.exchanges else 4)
            except KeyboardInterrupt as error:
                click.echo(f"{path}: interrupted; the earlier files are saved", err=True)
                sys.exit(143 if isinstance(error, TerminatedError) else 130)
            write_file(wish.output, recorder.write())
            echo_lines([f"{path}: {recorded or 'refused for its parameters, as the fake does by default'}"])


def _read_query(wish: Wish) -> tuple[tuple[str, str], ...]:
    """Read the parameters of the URL, and check the config."""
    from diarkit_contracts.exchanges.history import read_object  # noqa: PLC0415 - as above

    if wish.config and read_object(wish.config.encode()) is None:
        raise click.BadParameter(f"expected a JSON object, got {wish.config!r}", param_hint="--config")
    query: list[tuple[str, str]] = []
    for text in wish.query:
        name, _, value = text.partition("=")
        if name not in QUERY or not value:
            raise click.BadParameter(
                f"expected one of {', '.join(QUERY)} as NAME=VALUE, got {text!r}", param_hint="--query"
            )
        if name.startswith("range"):
            try:
                float(value)
            except ValueError:
                raise click.BadParameter(f"expected seconds for {name}, got {value!r}", param_hint="--query") from None
        query.append((name, value))
    return tuple(query)
