"""A server under test that is not the fake, given by its URL."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, ClassVar, Final, NoReturn, cast
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from diarkit_mockserver.errors import FakeError
from diarkit_mockserver.intake.request import ENDPOINT

NO_TASK: Final = "00000000-0000-4000-8000-000000000000"
"""An id that no task has."""

PATIENCE_S: Final = 10.0


class UnavailableError(FakeError):
    """The operation requires the fake, but another server is under test."""


def _refuse(what: str) -> Callable[..., NoReturn]:
    def refuse(self: LiveServer, *_: object, **__: object) -> NoReturn:
        raise UnavailableError(f"only the fake can {what}; the server under test is {self.url}")

    refuse.__doc__ = f"Raise UnavailableError: only the fake can {what}."
    return refuse


def _refuse_value(what: str) -> Any:
    return property(_refuse(what))


@dataclass(frozen=True, slots=True)
class LiveServer:
    """A server at a URL. Operations of the fake raise `UnavailableError`, which the pytest plugin turns into a skip.

    Attributes:
        url: without a trailing slash.
    """

    url: str
    elsewhere: ClassVar[bool] = True

    @property
    def endpoint(self) -> str:
        """URL of the diarization operation."""
        return self.url + ENDPOINT

    make_another = _refuse("be started again")
    world = _refuse("open worlds")
    open_world = _refuse("open worlds")
    respond = _refuse("have its answers configured")
    load = _refuse("load a scenario")
    set_faults = _refuse("misbehave on a schedule")
    clear_faults = _refuse("misbehave on a schedule")
    reset = _refuse("begin again")
    advance = _refuse("have its time moved")
    freeze = _refuse("have its time stopped")
    resume = _refuse("have its time stopped")
    clock = _refuse_value("report its time")
    step = _refuse("have its tasks moved by hand")
    move = _refuse("have its tasks moved by hand")
    tasks = _refuse_value("list its tasks")
    submissions = _refuse_value("list its submissions")
    assert_submitted = _refuse("list its submissions")
    polls = _refuse("list its polls")
    journal = _refuse_value("list its requests")
    clear_journal = _refuse("clear its journal")
    conduct = _refuse("judge its client")
    assert_all_used = _refuse("list the answers it used")
    report = _refuse("list its requests")


def find_fault(url: str, cacert: Path | None = None) -> str | None:
    """Return why a server can't be tested against: no URL of one, no answer, or another API.

    None also if that is unclear, because it requires credentials or is overloaded.
    """
    if not url.startswith(("http://", "https://")):
        return "expected a URL such as http://127.0.0.1:8000"
    trusted = ssl.create_default_context(cafile=cacert) if url.startswith("https:") else None
    asked = f"{url}{ENDPOINT}/{NO_TASK}"
    try:
        with urlopen(asked, timeout=PATIENCE_S, context=trusted) as answer:  # noqa: S310 - a URL that the user gave
            status, body = answer.status, answer.read()
    except HTTPError as error:
        status, body = error.code, error.read()
    except (OSError, ValueError, HTTPException) as error:
        return f"no answer: {error.reason if isinstance(error, URLError) else error}"
    if status in (401, 403, 429) or status >= 500:
        return None
    with suppress(ValueError):
        if isinstance(envelope := json.loads(body), dict) and {"type", "message"} <= set(
            cast("dict[str, Any]", envelope)
        ):
            return None
    return f"not the Speaker Diarization API: expected an error with type and message for an unknown task, got {status} {body[:60]!r}"
