"""Refusals of the control API in the form of RFC 9457, raised by its calls and again by its client."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from diarkit_fixtures.texts.build import suggest
from diarkit_fixtures.texts.read import TextError
from diarkit_mockserver.control.views import Flawed, Problem
from diarkit_mockserver.errors import FakeError

URN: Final = "urn:diarkit:problem:"

BODY: Final = "body-invalid"


class ControlError(FakeError):
    """A call was refused."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem)

    def __str__(self) -> str:
        """Return the server's message; that of a wrong body without a word of the body, which its client has written."""
        if self.problem.type == URN + BODY:
            return "\n".join(one.detail for one in self.problem.errors) or self.problem.detail
        return f"{self.problem.title}: {self.problem.detail}"


class UnknownError(ControlError, KeyError):
    """The world or task is unknown."""


class RefusedError(ControlError, ValueError):
    """The arguments are invalid, or conflict with the current state."""


MOST_FLAWS: Final = 100
"""Errors in one refusal, as a large body may have one in each of its values."""

LEAVES: Final = {404: UnknownError, 409: RefusedError, 413: RefusedError, 422: RefusedError}


def make_error(problem: Problem) -> ControlError:
    """Make the error for a problem."""
    return LEAVES.get(problem.status, ControlError)(problem)


def refuse(status: int, kind: str, detail: str, *, errors: Sequence[Flawed] = ()) -> ControlError:
    """Refuse a call."""
    title = kind.replace("-", " ").capitalize()
    return make_error(Problem(type=URN + kind, title=title, status=status, detail=detail, errors=tuple(errors)))


def refuse_flaws(flaws: Sequence[Flawed], kind: str = BODY) -> ControlError:
    """Make a refusal of a body or query with its first errors."""
    shown = flaws[:MOST_FLAWS]
    lines = [*map(str, shown), *([f"... and {len(flaws) - len(shown)} more"] if len(flaws) > len(shown) else [])]
    return refuse(422, kind, "\n".join(lines), errors=shown)


def refuse_text(error: TextError) -> ControlError:
    """Make a refusal of a body with the errors of its reader."""
    return refuse_flaws(
        [Flawed(detail=one.text, source=one.source, line=one.line, column=one.column) for one in error.problems]
    )


def refuse_unknown(what: str, came: str, known: Iterable[str]) -> ControlError:
    """Make a refusal of an unknown name, with a suggestion."""
    return refuse(404, f"{what}-unknown", f"there is no {what} {came!r:.120}{suggest(came, known)}")
