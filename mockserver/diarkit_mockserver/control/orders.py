"""What is sent to the control API, as values: the keys of the bodies are their fields. Knows no HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from diarkit_mockserver.journal.verification import Expected  # noqa: TC001
from diarkit_mockserver.scenario.faults import Fault  # noqa: TC001 - the reader of bodies reads the fields' types at run time
from diarkit_mockserver.scenario.model import Rule, Scenario  # noqa: TC001

CONTROL: Final = "/__diarkit/v1"
"""Prefix of all paths of the control API."""

MOST_AT_ONCE: Final = 200
"""Answers, or expectations, in one call: each is held against all that the world has, while other clients wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWorld:
    """A world to be made.

    Attributes:
        name: its part of the path; made up if there is none.
        scenario: of the world; that of a fresh server if there is none.
        frozen: its time stands still until it is moved or resumed.
        epoch: the date at its beginning, in seconds since 1970 UTC.
        ids_from: what its ids follow from, instead of the name.
        counted: what its client meets is counted, also over resets and what the journal no longer holds.
    """

    name: str | None = None
    scenario: Scenario | None = None
    frozen: bool = False
    epoch: int | None = None
    ids_from: str | None = None
    counted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """A queue of answers.

    Attributes:
        rules: that count before those of the scenario, behind the ones added earlier.
    """

    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        _check_number(len(self.rules), "rules")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultList:
    """A schedule of faults.

    Attributes:
        faults: in the order in which they are asked.
    """

    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """How far time is moved.

    Attributes:
        seconds: forward.
    """

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NewState:
    """Where a task is moved by hand.

    Attributes:
        state: one that may follow the one it is in.
        message: of its error, where it fails or is rejected.
    """

    state: Literal["running", "done", "failed", "rejected", "cancelled"]
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """All that is to be verified at once."""

    expected: tuple[Expected, ...]

    def __post_init__(self) -> None:
        _check_number(len(self.expected), "expectations")


def _check_number(number: int, what: str) -> None:
    if number > MOST_AT_ONCE:
        raise ValueError(f"expected at most {MOST_AT_ONCE} {what} at once, got {number}")
