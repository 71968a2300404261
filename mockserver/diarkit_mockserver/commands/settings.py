"""Every setting of the server, once: its flag, its environment variable, its default. Knows no server."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

import click

from diarkit_contracts.api.points import USUAL as USUAL_GENERATION
from diarkit_contracts.commands.flags import flag
from diarkit_mockserver.scenario.dialect import SERVED, Dialect, list_set
from diarkit_mockserver.scenario.limits import Limits, Rate

if TYPE_CHECKING:
    from diarkit_mockserver.scenario.model import Scenario


PREFIX: Final = "DIARKIT_"
"""Of the environment variables."""

USUAL: Final = Limits()

SERVER: Final = "Server"
ANSWERS: Final = "Answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a server is started.

    A field `upload_bytes` is the flag `--upload-bytes` and the variable `DIARKIT_UPLOAD_BYTES`; the flag counts first, then the
    variable, then the scenario file, then the default.
    """

    GROUP: ClassVar[str] = "Limits"

    host: str = flag(default="127.0.0.1", group=SERVER, help="Listen on this address; 0.0.0.0 for all.")
    port: int = flag(
        default=8000, type=click.IntRange(0, 65_535), group=SERVER, help="Listen on this port; 0 picks a free one."
    )
    scenario: Path | None = flag(
        type=click.Path(dir_okay=False, path_type=Path),
        group=ANSWERS,
        help="Answer by this scenario file (YAML): which request gets which answer.",
    )
    profile: Literal["3.6", "3.7", "5.0"] | None = flag(
        type=click.Choice(SERVED),
        group=ANSWERS,
        show_default=USUAL_GENERATION,
        help="Answer as this generation of the API; `diarkit generations` shows how they differ.",
    )
    seed: int | None = flag(type=int, group=ANSWERS, help="Draw everything from this number.")
    external_url: str | None = flag(
        group=ANSWERS, help="Name this address in X-Location, instead of the one the client used."
    )
    x_location: Literal["absolute", "relative"] | None = flag(
        type=click.Choice(("absolute", "relative")), group=ANSWERS, help="Write X-Location in this form."
    )
    upload_bytes: int | None = flag(
        type=click.IntRange(min=0), show_default=f"{USUAL.upload_bytes}", help="Refuse larger files with 413."
    )
    upload_seconds: float | None = flag(
        type=click.FloatRange(min=0), show_default=f"{USUAL.upload_seconds:g}", help="Refuse slower uploads with 400."
    )
    storage_bytes: int | None = flag(
        type=click.IntRange(min=0),
        show_default=f"{USUAL.storage_bytes}",
        help="Have room for so many bytes of unfinished tasks; 507 above.",
    )
    queue_length: int | None = flag(
        type=click.IntRange(min=0), show_default="no limit", help="Have so many unfinished tasks; 429 above."
    )
    audio_seconds: float | None = flag(
        type=click.FloatRange(min=0), show_default=f"{USUAL.audio_seconds:g}", help="Reject longer audio."
    )
    finished_seconds: float | None = flag(
        type=click.FloatRange(min=0),
        show_default="always",
        help="Let a finished task be polled for so long; 404 afterwards.",
    )
    rate: str | None = flag(
        show_default="off", help="Allow requests in a window of seconds, as in 10/60 (10: in one second); 429 above."
    )
    unlicensed: bool = flag(default=False, type=bool, is_flag=True, help="Refuse uploads with 403.")
    control_token: str | None = flag(
        group=SERVER,
        show_default="drawn if others than this machine can connect",
        help="Let the control API ask for this token.",
    )
    nonce: str | None = flag(
        group=SERVER, show_default="drawn", help="Answer this when the control API is asked which server it is."
    )
    log_level: Literal["debug", "info", "warning", "error"] = flag(
        default="info",
        type=click.Choice(("debug", "info", "warning", "error")),
        group=SERVER,
        help="Log to stderr from this level on.",
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
        dialect, profile = scenario.dialect, self.profile or scenario.profile
        if self.x_location is not None:
            dialect = Dialect(**{**list_set(dialect), "x_location": self.x_location})
        seed = scenario.seed if self.seed is None else self.seed
        return replace(scenario, seed=seed, profile=profile, dialect=dialect, limits=replace(scenario.limits, **limits))


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
