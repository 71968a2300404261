"""Any other server under test: at a URL, and nothing is known of it but that it should keep the contract. Knows no fake."""

from __future__ import annotations

import json
import ssl
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, cast
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from diarkit_mockserver.errors import FakeError
from diarkit_mockserver.intake.request import ENDPOINT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


NO_TASK: Final = "00000000-0000-4000-8000-000000000000"
"""An id that no server gives to a task."""

PATIENCE_S: Final = 10.0


class UnavailableError(FakeError):
    """Something was asked of a server that is not the fake."""


def _refuse(what: str) -> Callable[..., NoReturn]:
    def refuse(self: LiveServer, *_: object, **__: object) -> NoReturn:
        raise UnavailableError(f"only the fake can {what}; the server under test is {self.url}")

    refuse.__doc__ = f"Say that only the fake can {what}."
    return refuse


def _refuse_value(what: str) -> Any:
    return property(_refuse(what))


@dataclass(frozen=True, slots=True)
class LiveServer:
    """A server at a URL. What can't be asked of it ends in `UnavailableError`, which the pytest plugin turns into a skip.

    Attributes:
        url: without a slash at the end.
    """

    url: str
    elsewhere: ClassVar[bool] = True

    @property
    def endpoint(self) -> str:
        """URL of the diarization operation."""
        return self.url + ENDPOINT

    make_another = _refuse("be made once more")
    world = _refuse("open worlds")
    open_world = _refuse("open worlds")
    respond = _refuse("be told what to answer")
    load = _refuse("be given a scenario")
    set_faults = _refuse("misbehave on a schedule")
    clear_faults = _refuse("misbehave on a schedule")
    reset = _refuse("begin again")
    advance = _refuse("have its time moved")
    freeze = _refuse("have its time stopped")
    resume = _refuse("have its time stopped")
    clock = _refuse_value("tell its time")
    step = _refuse("have its tasks moved by hand")
    move = _refuse("have its tasks moved by hand")
    tasks = _refuse_value("list its tasks")
    submissions = _refuse_value("tell what it was sent")
    assert_submitted = _refuse("tell what it was sent")
    polls = _refuse("tell how it was polled")
    journal = _refuse_value("tell what it was asked")
    clear_journal = _refuse("forget what it was asked")
    conduct = _refuse("judge its client")
    assert_all_used = _refuse("tell which answers it used")
    report = _refuse("tell what it was asked")


def find_fault(url: str, cacert: Path | None = None) -> str | None:
    """Find out why a server can't be tested against: nobody answers, or another API.

    Args:
        url: without a slash at the end.
        cacert: certificates to trust (PEM); by default the system's.

    Returns:
        None for what answers as the platform does, and for what does not say: it wants credentials, or is overloaded.
    """
    trusted = ssl.create_default_context(cafile=cacert) if url.startswith("https:") else None
    asked = f"{url}{ENDPOINT}/{NO_TASK}"
    try:
        with urlopen(asked, timeout=PATIENCE_S, context=trusted) as answer:  # noqa: S310 - a URL that the user gave
            status, body = answer.status, answer.read()
    except HTTPError as error:
        status, body = error.code, error.read()
    except (OSError, ValueError, HTTPException) as error:
        return f"nobody answers: {error.reason if isinstance(error, URLError) else error}"
    if status in (401, 403, 429) or status >= 500:
        return None
    with suppress(ValueError):
        if isinstance(envelope := json.loads(body), dict) and {"type", "message"} <= set(
            cast("dict[str, Any]", envelope)
        ):
            return None
    return f"no Speaker Diarization API: expected an error with type and message for an unknown task, got {status} {body[:60]!r}"
