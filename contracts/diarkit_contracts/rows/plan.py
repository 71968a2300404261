"""Plans: which rows a run sends, in which order, and at what cost.

The most revealing rows come first, and mistakes are placed between uploads, so that one request's side effects affect the next.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from diarkit_contracts.api.error import ContractsError
from diarkit_contracts.api.profiles import Capability
from diarkit_contracts.api.words import count
from diarkit_contracts.rows.call import Attached, Call, Row
from diarkit_contracts.rows.mistakes import make_mistakes
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.rows.uploads import SHORT_RUN, make_uploads

UPLOADS_IN_LITE: Final = len(SHORT_RUN)
MISTAKES_IN_LITE: Final = 18

POLLS_OF_A_TASK: Final = 6
"""INF, for the announcement: polls of three states on a server that needs about a second, and two after the end."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The maximum cost of a plan for the target."""

    tasks: int
    mistakes: int
    polls: int
    bytes_up: int

    def __str__(self) -> str:
        """Format the cost in one line."""
        said = f"{count(self.tasks, 'task')}, {count(self.mistakes, 'bad request')}, about {count(self.polls, 'poll')}"
        return f"{said}, {self.bytes_up / 1_000_000:.1f} MB"


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan.

    Attributes:
        steps: in order; the rows of a step may be in flight together if the target allows it.
    """

    name: str
    steps: tuple[tuple[Row, ...], ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows in order."""
        return tuple(row for step in self.steps for row in step)

    def count_cost(self, capabilities: Container[Capability] = ()) -> Cost:
        """Compute the cost for a target with these capabilities; generates the inputs."""
        rows = [row for row in self.rows if row.needs is None or row.needs in capabilities]
        tasks = sum(row.accepted for row in rows)
        return Cost(
            tasks=tasks,
            mistakes=len(rows) - tasks,
            polls=tasks * POLLS_OF_A_TASK,
            bytes_up=sum(len(row.call.write_body()[1]) for row in rows),
        )


class UnknownRowError(ContractsError, ValueError):
    """Unknown row."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"expected a row such as row-07 or bad-03 (see `diarkit clauses --rows`), got {name!r}")


@cache
def list_rows() -> tuple[Row, ...]:
    """List all rows."""
    return (*make_uploads(), *make_mistakes(), *make_forced())


def make_plan(tier: Tier) -> Plan:
    """Make the plan of a tier."""
    uploads, mistakes = () if tier is Tier.PROBE else make_uploads(), make_mistakes()
    steps = _interleave(uploads[:UPLOADS_IN_LITE], mistakes[:MISTAKES_IN_LITE])
    if tier is Tier.FULL:
        steps += _interleave(uploads[UPLOADS_IN_LITE:], mistakes[MISTAKES_IN_LITE:])
    # Last, since forced behaviour may outlast the row.
    forced = () if tier is Tier.PROBE else make_forced()
    return Plan(tier, (*steps, *((row,) for row in forced)))


def choose_rows(names: Iterable[str]) -> Plan:
    """Make a plan of the rows of these ids, such as `row-07`, or full names, each its own step."""
    known = {key: row for row in list_rows() for key in (row.id, row.name)}
    chosen: list[Row] = []
    for name in names:
        if name not in known:
            raise UnknownRowError(name)
        chosen.append(known[name])
    return Plan("only " + ", ".join(row.id for row in chosen), tuple((row,) for row in chosen))


def _interleave(uploads: Sequence[Row], mistakes: Sequence[Row]) -> tuple[tuple[Row, ...], ...]:
    """Interleave pairs of uploads with runs of mistakes, beginning with mistakes and ending with uploads.

    A server that accepts a mistake starts a task for it, which later uploads then expose.
    """
    pairs = [tuple(uploads[at : at + 2]) for at in range(0, len(uploads), 2)]
    runs = max(1, len(pairs))
    steps: list[tuple[Row, ...]] = []
    for number in range(runs):
        first, last = (len(mistakes) * at // runs for at in (number, number + 1))
        steps += [(mistake,) for mistake in mistakes[first:last]]
        steps += pairs[number : number + 1]
    return tuple(steps)


def make_forced() -> tuple[Row, ...]:
    """Make the rows for rare behaviour that no request triggers, one for each capability that a target then needs."""
    upload, limited = Call(body=(Attached("wav:1ch:2.0s"),)), "refusal.type-of-status"
    return (
        Row(
            id="forced-01", what="failed", call=upload, about="acceptance.upload", accepted=True, needs=Capability.FAIL
        ),
        Row(id="forced-02", what="rate-limited", call=upload, about=limited, needs=Capability.LIMIT_RATE),
        Row(id="forced-03", what="storage-full", call=upload, about=limited, needs=Capability.FILL_STORAGE),
        Row(id="forced-04", what="forbidden", call=upload, about=limited, needs=Capability.FORBID),
    )
