"""Force rare behaviour of a fake for the verifier, through its control API, and restore its limits afterwards."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click

from diarkit_contracts.api.profiles import Capability
from diarkit_mockserver.commands.health import explain_health
from diarkit_mockserver.control import calls
from diarkit_mockserver.control.client import Control, find_control, split_world
from diarkit_mockserver.control.orders import Answers
from diarkit_mockserver.control.problem import ControlError
from diarkit_mockserver.scenario.limits import Rate
from diarkit_mockserver.scenario.shorthand import write_rule
from diarkit_mockserver.scenario.when import When

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from diarkit_contracts.runs.drive import Forcing

LITTLE: Final = Rate(requests=1, seconds=1.0)
"""The second request exceeds it, and the requested wait is short."""


@contextmanager
def force_fake(url: str, token: str | None = None, *, cacert: Path | None = None) -> Generator[Forcing]:
    """Return the capabilities of the fake at a URL, or of one of its worlds.

    Its limits are restored afterwards; its rules are counted anew, and those of `respond` are removed. Another server is a wrong `--fake`.
    """
    base, world = split_world(url)
    found = find_control(base, token, cacert=cacert)
    if found is None:
        raise _refuse(url, "it is not diarkit's fake, or does not answer")
    with closing(found[0]) as control:
        try:
            control.send(calls.read_scenario(), world)
        except ControlError as error:
            raise _refuse(url, str(error)) from None
        yield _list_ways(control, world, url)


def _refuse(url: str, reason: str) -> click.BadParameter:
    return click.BadParameter(f"{url} can't be controlled: {reason}", param_hint="--fake")


def _list_ways(control: Control, world: str, url: str) -> Forcing:
    @contextmanager
    def fail() -> Generator[None]:
        rule = write_rule(when=When(), times=1, failed="The fake was configured to fail this task.")
        control.send(calls.add_answers(Answers(rules=(rule,))), world)
        yield

    @contextmanager
    def limit(**changed: Any) -> Generator[None]:
        scenario = control.send(calls.read_scenario(), world)
        limited = replace(scenario, limits=replace(scenario.limits, **changed))
        control.send(calls.replace_scenario(limited), world)
        try:
            yield
        finally:
            control.send(calls.replace_scenario(scenario), world)

    @contextmanager
    def limit_rate() -> Generator[None]:
        with limit(rate=LITTLE):
            explain_health(url)
            yield

    return {
        Capability.FAIL: fail,
        Capability.LIMIT_RATE: limit_rate,
        Capability.FILL_STORAGE: lambda: limit(storage_bytes=0),
        Capability.FORBID: lambda: limit(licensed=False),
    }
