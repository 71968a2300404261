"""Which rows a run sends, in which order, and what that costs the target. Sends nothing and judges nothing.

What shows most comes first, and mistakes lie between the uploads: what one request leaves behind, the next one meets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from diarkit_contracts.api.error import ContractsError
from diarkit_contracts.api.words import count
from diarkit_contracts.rows.forced import make_forced
from diarkit_contracts.rows.mistakes import make_mistakes
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.rows.uploads import SHORT_RUN, make_uploads

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from diarkit_contracts.api.profiles import Capability
    from diarkit_contracts.rows.call import Row

UPLOADS_IN_LITE: Final = len(SHORT_RUN)
MISTAKES_IN_LITE: Final = 17

POLLS_OF_A_TASK: Final = 6
"""INF, for the announcement: three states and their looks on a server that needs about a second, and two looks at the end."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a plan will cost the target, at most."""

    tasks: int
    mistakes: int
    polls: int
    bytes_up: int

    def __str__(self) -> str:
        """Say it in one line."""
        said = f"{count(self.tasks, 'task')}, {count(self.mistakes, 'bad request')}, about {count(self.polls, 'poll')}"
        return f"{said}, {self.bytes_up / 1_000_000:.1f} MB"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be sent.

    Attributes:
        name: of the tier, or the rows that were asked for.
        steps: in order; the rows of a step may be in flight together, if the target allows it.
    """

    name: str
    steps: tuple[tuple[Row, ...], ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows in their order."""
        return tuple(row for step in self.steps for row in step)

    def count_cost(self, capabilities: Container[Capability] = ()) -> Cost:
        """Count what it will cost a target with these capabilities; makes the inputs."""
        rows = [row for row in self.rows if row.needs is None or row.needs in capabilities]
        tasks = sum(row.accepted for row in rows)
        return Cost(
            tasks=tasks,
            mistakes=len(rows) - tasks,
            polls=tasks * POLLS_OF_A_TASK,
            bytes_up=sum(len(row.call.write_body()[1]) for row in rows),
        )


class UnknownRowError(ContractsError, ValueError):
    """There is no row of that name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"expected a row such as row-07 or bad-03 (see `diarkit clauses --rows`), got {name!r}")


@cache
def list_rows() -> tuple[Row, ...]:
    """List all rows there are."""
    return (*make_uploads(), *make_mistakes(), *make_forced())


def make_plan(tier: Tier) -> Plan:
    """Make the plan of a tier."""
    uploads, mistakes = () if tier is Tier.PROBE else make_uploads(), make_mistakes()
    steps = _interleave(uploads[:UPLOADS_IN_LITE], mistakes[:MISTAKES_IN_LITE])
    if tier is Tier.FULL:
        steps += _interleave(uploads[UPLOADS_IN_LITE:], mistakes[MISTAKES_IN_LITE:])
    # Last, since what a target was made to do may outlast the row.
    forced = () if tier is Tier.PROBE else make_forced()
    return Plan(tier, (*steps, *((row,) for row in forced)))


def choose_rows(names: Iterable[str]) -> Plan:
    """Make the plan of single rows, each on its own.

    Args:
        names: ids such as `row-07`, or whole names.

    Raises:
        UnknownRowError: there is none of that name.
    """
    known = {key: row for row in list_rows() for key in (row.id, row.name)}
    chosen: list[Row] = []
    for name in names:
        if name not in known:
            raise UnknownRowError(name)
        chosen.append(known[name])
    return Plan("only " + ", ".join(row.id for row in chosen), tuple((row,) for row in chosen))


def _interleave(uploads: Sequence[Row], mistakes: Sequence[Row]) -> tuple[tuple[Row, ...], ...]:
    """Put pairs of uploads between runs of mistakes, mistakes first and no mistake after the last pair.

    A server that takes a mistake starts a task for it: it would find no task left behind the last upload.
    """
    pairs = [tuple(uploads[at : at + 2]) for at in range(0, len(uploads), 2)]
    runs = max(1, len(pairs))
    steps: list[tuple[Row, ...]] = []
    for number in range(runs):
        first, last = (len(mistakes) * at // runs for at in (number, number + 1))
        steps += [(mistake,) for mistake in mistakes[first:last]]
        steps += pairs[number : number + 1]
    return tuple(steps)
