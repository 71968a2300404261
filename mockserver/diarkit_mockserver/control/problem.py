"""Refusals of the control API, as RFC 9457 writes them: raised by its calls, and again where its clients are. Knows no HTTP."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from diarkit_mockserver.control.views import Flawed, Problem
from diarkit_mockserver.errors import FakeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diarkit_fixtures.texts.read import TextError

URN: Final = "urn:diarkit:problem:"

BODY: Final = "body-invalid"


class ControlError(FakeError):
    """A call was refused.

    Attributes:
        problem: what was expected, what came, what to do.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem)

    def __str__(self) -> str:
        """Return the server's message; that of a wrong body without a word of the body, which its client has written."""
        if self.problem.type == URN + BODY:
            return "\n".join(one.detail for one in self.problem.errors) or self.problem.detail
        return f"{self.problem.title}: {self.problem.detail}"


class UnknownError(ControlError, KeyError):
    """There is no such world or task."""


class RefusedError(ControlError, ValueError):
    """What was sent makes no sense, or not now."""


MOST_FLAWS: Final = 100
"""In one refusal; who reads more? And a large body may have one in each of its values."""

LEAVES: Final = {404: UnknownError, 409: RefusedError, 413: RefusedError, 422: RefusedError}


def make_error(problem: Problem) -> ControlError:
    """Make the error of the kind that a problem is."""
    return LEAVES.get(problem.status, ControlError)(problem)


def refuse(status: int, kind: str, detail: str, *, errors: Sequence[Flawed] = ()) -> ControlError:
    """Refuse a call."""
    title = kind.replace("-", " ").capitalize()
    return make_error(Problem(type=URN + kind, title=title, status=status, detail=detail, errors=tuple(errors)))


def refuse_flaws(flaws: Sequence[Flawed], kind: str = BODY) -> ControlError:
    """Refuse a body, or a query, with all that is wrong with it; of very much, the first part."""
    shown = flaws[:MOST_FLAWS]
    lines = [*map(str, shown), *([f"... and {len(flaws) - len(shown)} more"] if len(flaws) > len(shown) else [])]
    return refuse(422, kind, "\n".join(lines), errors=shown)


def refuse_text(error: TextError) -> ControlError:
    """Refuse a body with all that its reader found."""
    return refuse_flaws(
        [Flawed(detail=one.text, source=one.source, line=one.line, column=one.column) for one in error.problems]
    )


def refuse_unknown(what: str, came: str, known: Iterable[str]) -> ControlError:
    """Refuse a name that nothing has, and name the nearest one."""
    near = difflib.get_close_matches(came[:60], list(known), n=1)
    advice = f"; did you mean {near[0]}?" if near else ""
    return refuse(404, f"{what}-unknown", f"there is no {what} {came!r:.120}{advice}")
