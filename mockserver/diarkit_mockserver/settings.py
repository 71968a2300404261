"""Every knob of the server, once: its flag, its environment variable, its default. Knows no CLI library and no server."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal

from diarkit_mockserver.platform import LARGEST_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a server is started.

    A field `max_upload_bytes` is the flag `--max-upload-bytes` and the variable `DIARKIT_MAX_UPLOAD_BYTES`; the flag counts first.
    """

    host: str = field(default="127.0.0.1", metadata={"help": "Address to listen on; 0.0.0.0 for all."})
    port: int = field(default=8000, metadata={"help": "Port to listen on; 0 picks a free one."})
    scenario: Path | None = field(
        default=None, metadata={"help": "Scenario file (YAML): which request gets which answer."}
    )
    seed: int | None = field(
        default=None, metadata={"help": "Everything drawn follows from it; counts before the scenario's."}
    )
    external_url: str | None = field(
        default=None, metadata={"help": "Address to name in X-Location, instead of the one the client used."}
    )
    x_location: Literal["absolute", "relative"] | None = field(
        default=None, metadata={"help": "Form of X-Location; counts before the scenario's."}
    )
    max_upload_bytes: int = field(default=LARGEST_FILE, metadata={"help": "Larger files are refused with 413."})
    log_level: Literal["debug", "info", "warning", "error"] = field(
        default="info", metadata={"help": "What to log to stderr."}
    )


@dataclass(frozen=True, slots=True)
class Knob:
    """One setting as a user meets it.

    Attributes:
        name: of the field.
        flag: on the command line.
        variable: in the environment.
        default: the field's.
        text: what it does.
    """

    name: str
    flag: str
    variable: str
    default: object
    text: str


def list_knobs(*names: str) -> Iterator[Knob]:
    """List the settings in the order of their definition; all, or those named."""
    for one in fields(Settings):
        if not names or one.name in names:
            yield Knob(
                name=one.name,
                flag="--" + one.name.replace("_", "-"),
                variable="DIARKIT_" + one.name.upper(),
                default=one.default,
                text=one.metadata["help"],
            )
