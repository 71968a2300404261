"""Any other server under test: at a URL, and nothing is known of it but that it should keep the contract. Knows no fake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from diarkit_mockserver.errors import FakeError
from diarkit_mockserver.intake.request import ENDPOINT

if TYPE_CHECKING:
    from collections.abc import Callable


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

    @property
    def endpoint(self) -> str:
        """URL of the diarization operation."""
        return self.url + ENDPOINT

    make_another = _refuse("be made once more")
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
