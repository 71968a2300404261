"""Every knob of the server, once: its flag, its environment variable, its default. Knows no CLI library and no server."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from diarkit_mockserver.scenario.limits import Limits, Rate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from diarkit_mockserver.scenario.model import Scenario


def _say(text: str) -> dict[str, str]:
    return {"help": text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a server is started.

    A field `upload_bytes` is the flag `--upload-bytes` and the variable `DIARKIT_UPLOAD_BYTES`; the flag counts first, then the
    variable, then the scenario file, then the default.
    """

    host: str = field(default="127.0.0.1", metadata=_say("Address to listen on; 0.0.0.0 for all."))
    port: int = field(default=8000, metadata=_say("Port to listen on; 0 picks a free one."))
    scenario: Path | None = field(default=None, metadata=_say("Scenario file (YAML): which request gets which answer."))
    seed: int | None = field(default=None, metadata=_say("Everything drawn follows from it."))
    external_url: str | None = field(
        default=None, metadata=_say("Address to name in X-Location, instead of the one the client used.")
    )
    x_location: Literal["absolute", "relative"] | None = field(default=None, metadata=_say("Form of X-Location."))
    upload_bytes: int | None = field(default=None, metadata=_say("Larger files are refused with 413 [500000000]."))
    upload_seconds: float | None = field(default=None, metadata=_say("Slower uploads are refused with 400 [120]."))
    storage_bytes: int | None = field(
        default=None, metadata=_say("Room for the files of unfinished tasks; 507 above [1073741824].")
    )
    queue_length: int | None = field(default=None, metadata=_say("Unfinished tasks; 429 above [no limit]."))
    audio_seconds: float | None = field(default=None, metadata=_say("Longer audio is rejected [7200]."))
    finished_seconds: float | None = field(
        default=None, metadata=_say("How long a finished task can be polled; 404 afterwards [always].")
    )
    rate: str | None = field(
        default=None,
        metadata=_say("Requests in a window of seconds, as in 10/60 (10: in one second); 429 above [off]."),
    )
    unlicensed: bool = field(default=False, metadata=_say("Refuse uploads with 403."))
    control_token: str | None = field(
        default=None, metadata=_say("What the control API asks for [drawn if others than this machine can connect].")
    )
    nonce: str | None = field(
        default=None, metadata=_say("What the control API says when it is asked which server it is [drawn].")
    )
    log_level: Literal["debug", "info", "warning", "error"] = field(
        default="info", metadata=_say("What to log to stderr.")
    )

    def overrule(self, scenario: Scenario) -> Scenario:
        """Put what was said on the command line or in the environment over a scenario.

        Raises:
            ValueError: for a limit that makes no sense, such as a rate without a window.
        """
        names = {each.name for each in fields(Limits)}
        limits: dict[str, Any] = {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if each.name in names and each.name != "rate" and getattr(self, each.name) is not None
        }
        if self.rate is not None:
            limits["rate"] = read_rate(self.rate)
        if self.unlicensed:
            limits["licensed"] = False
        dialect = scenario.dialect if self.x_location is None else replace(scenario.dialect, x_location=self.x_location)
        seed = scenario.seed if self.seed is None else self.seed
        return replace(scenario, seed=seed, dialect=dialect, limits=replace(scenario.limits, **limits))


def read_rate(text: str) -> Rate:
    """Read a rate from the way it is written on the command line.

    Raises:
        ValueError: for anything but requests/seconds.
    """
    requests, slash, seconds = text.partition("/")
    try:
        return Rate(requests=int(requests), seconds=float(seconds if slash else "1"))
    except ValueError:
        raise ValueError(f"--rate: expected requests/seconds, such as 10/60, got {text!r}") from None


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
