"""The points on which generations and platforms may differ: one table, a row for each. Judges nothing and answers nothing.

What a point does to the document, to the fake and to a finding follows from its `effect`; who adds a row here adds nothing elsewhere.
The file is longer than others, as the table stands here whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from diarkit_contracts.api.evidence import Evidence, Label, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Value: TypeAlias = str | int

START: Final = "POST /api/technology/speaker-diarization"
RESULT: Final = "GET /api/technology/speaker-diarization/{task_id}"
INFO: Final = "GET /api/system/info"
STATUS: Final = "GET /api/system/status"
OPERATIONS: Final = (START, RESULT, INFO, STATUS)

GENERATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "3.5": "3.5.0-dev.2: reference pages; only for judging",
        "3.6": "3.5.0 to 3.6.x: reference pages and guide",
        "3.7": "3.7.0 to 4.x: sibling pages",
        "5.0": "5.0.0 and calendar versions such as 2026.1: sibling pages, life cycle and overview",
    }
)
"""Columns of the table: the versions of each, and where they are known from."""

USUAL: Final = "3.6"


@dataclass(frozen=True, slots=True)
class Cell:
    """What a point is in one generation.

    Attributes:
        source: where it is written, what it is inferred from, or why it is assumed.
        severity: of an answer that is against it; by default an error for what is documented, a warning for what is inferred.
    """

    value: Value
    label: Label
    source: str
    severity: Severity | None = None

    @property
    def evidence(self) -> Evidence:
        """How it is known, for a finding."""
        usual = Severity.ERROR if self.label is Label.DOC else Severity.WARNING
        return Evidence(self.label, self.source, self.severity or usual)


@dataclass(frozen=True, slots=True)
class Declares:
    """Operations declare a status, or not: `declared`, `absent`."""

    status: int
    operations: tuple[str, ...] = OPERATIONS


@dataclass(frozen=True, slots=True)
class Sends:
    """A 202 carries a header, or not: `sent`, `absent`.

    Attributes:
        text: its value, in which `{task}` is the URL of the task.
        leads: to the task: the first such header of a generation is the one that each 202 has to have.
    """

    header: str
    text: str
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Refuses:
    """A mistake is refused with a status: the value is the status.

    Attributes:
        operation: that refuses it.
    """

    operation: str


@dataclass(frozen=True, slots=True)
class Shows:
    """A task may show a state that does not end it, or not: `known`, `unknown`."""

    state: str


Effect: TypeAlias = Declares | Sends | Refuses | Shows


class Seen(Protocol):
    """One answer, as far as points are read off it."""

    @property
    def operation(self) -> str:
        """As in `OPERATIONS`."""
        ...

    @property
    def status(self) -> int:
        """Of HTTP."""
        ...

    @property
    def mistake(self) -> str:
        """Key of the point of the mistake that its request has; empty for none."""
        ...

    @property
    def body(self) -> Mapping[str, object]:
        """A JSON object; empty if it is none."""
        ...

    def header(self, name: str) -> str | None:
        """Find a header, by its name in any case."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One row.

    Attributes:
        key: also that of the scenario's `dialect`.
        about: what the point is, a noun phrase.
        allowed: its values; empty for any text.
        cells: by generation.
        effect: what follows from a value for document, fake and verifier; None where only the fake's answers differ.
        read: reads the value off one answer; None where that answer does not show it.
        served: the fake answers by it.
    """

    key: str
    about: str
    allowed: tuple[Value, ...]
    cells: Mapping[str, Cell]
    effect: Effect | None = None
    read: Callable[[Seen], Value | None] | None = None
    served: bool = True

    def find_value(self, seen: Seen) -> Value | None:
        """Read the value off an answer; None where it does not show it. What is merely not declared is never shown."""
        match self.effect:
            case _ if self.read is not None:
                return self.read(seen)
            case Declares(status=status, operations=operations):
                return "declared" if seen.status == status and seen.operation in operations else None
            case Sends(header=header) if seen.operation == START and seen.status == 202:
                return "absent" if seen.header(header) is None else "sent"
            case Refuses(operation=operation) if seen.operation == operation and seen.mistake == self.key:
                return seen.status if seen.status in self.allowed else None
            case Shows(state=state) if seen.operation == RESULT:
                task = seen.body.get("task")
                return "known" if isinstance(task, dict) and task.get("state") == state else None  # pyright: ignore[reportUnknownMemberType]
            case _:
                return None


def _read_x_location(seen: Seen) -> Value | None:
    told = seen.header("X-Location") if seen.operation == START and seen.status == 202 else None
    return None if told is None else "absolute" if "://" in told else "relative"


def _read_unpopulated(seen: Seen) -> Value | None:
    if seen.operation != RESULT or seen.status != 200 or "task" not in seen.body:
        return None
    return "null" if "result" in seen.body and "error" in seen.body else "absent"


def _read_version(seen: Seen) -> Value | None:
    told = seen.body.get("version") if seen.operation == INFO else None
    return told if isinstance(told, str) else None


DOC, INF, UNK = Label.DOC, Label.INF, Label.UNK

PAGES: Final = "reference pages, 3.6.0"
SIBLINGS: Final = "reference pages of sibling technologies, 3.7.0 and 4.0.0-rc1"
NEWEST: Final = "reference pages of sibling technologies, 5.0.0"


def _in_all(value: Value, label: Label, source: str, **others: Cell) -> Mapping[str, Cell]:
    """Fill a row with one cell; the others by generation, as `v5_0`."""
    own = {name[1:].replace("_", "."): cell for name, cell in others.items()}
    return MappingProxyType({name: own.get(name, Cell(value, label, source)) for name in GENERATIONS})


def _switch(key: str, about: str, usual: Value, others: tuple[Value, ...], cells: Mapping[str, Cell]) -> Point:
    """Make the row of a refusal of an upload."""
    return Point(key=key, about=about, allowed=(usual, *others), cells=cells, effect=Refuses(START))


POINTS: Final[tuple[Point, ...]] = (
    Point(
        key="version",
        about="version that GET /api/system/info reports",
        allowed=(),
        cells=_in_all(
            "3.6.0",
            DOC,
            PAGES,
            v3_5=Cell("3.5.0-dev.2", DOC, "reference pages, 3.5.0-dev.2"),
            v3_7=Cell("3.7.0", INF, SIBLINGS),
            v5_0=Cell("5.0.0", INF, NEWEST),
        ),
        read=_read_version,
    ),
    Point(
        key="location",
        about="Location beside X-Location in the 202",
        allowed=("sent", "absent"),
        cells=_in_all(
            "absent",
            DOC,
            "reference page of POST and guide, 3.6.0",
            v3_7=Cell("sent", INF, f"{SIBLINGS}: Location, and X-Location is deprecated and still sent"),
            v5_0=Cell("sent", INF, f"{NEWEST}: Location, and X-Location is deprecated and still sent"),
        ),
        effect=Sends("Location", "{task}", leads=True),
    ),
    Point(
        key="x_location",
        about="form of the URL in Location and X-Location",
        allowed=("absolute", "relative"),
        cells=_in_all("absolute", UNK, "the guide's client takes absolute URLs only; the reference shows a path"),
        read=_read_x_location,
    ),
    Point(
        key="rate_limit",
        about="429 of all operations",
        allowed=("declared", "absent"),
        cells=_in_all("declared", DOC, PAGES, v3_7=Cell("declared", INF, SIBLINGS), v5_0=Cell("absent", INF, NEWEST)),
        effect=Declares(429),
    ),
    Point(
        key="method",
        about="405 of all operations",
        allowed=("declared", "absent"),
        cells=_in_all("absent", DOC, PAGES, v3_7=Cell("absent", INF, SIBLINGS), v5_0=Cell("declared", INF, NEWEST)),
        effect=Declares(405),
    ),
    Point(
        key="get_validation",
        about="422 of GET operations",
        allowed=("declared", "absent"),
        cells=_in_all("declared", DOC, PAGES, v3_7=Cell("declared", INF, SIBLINGS), v5_0=Cell("absent", INF, NEWEST)),
        effect=Declares(422, (RESULT, INFO, STATUS)),
    ),
    Point(
        key="cancelled",
        about="a sixth state, cancelled: the task is being cleaned up, and may be gone at the next look",
        allowed=("known", "unknown"),
        cells=_in_all(
            "unknown",
            DOC,
            "reference page of GET, 3.6.0: five states",
            v3_7=Cell("unknown", INF, "no page of 3.7 or 4.x names it"),
            v5_0=Cell("known", DOC, "task life cycle, 5.0.0"),
        ),
        effect=Shows("cancelled"),
    ),
    Point(
        key="least_speakers",
        about="lower bound of speakers_count",
        allowed=(0, 1),
        cells=_in_all(
            0,
            DOC,
            "reference page of GET, 3.6.0",
            v3_5=Cell(
                1,
                DOC,
                "reference page of GET, 3.5.0-dev.2: > 0; the next page corrects it, and silence has no speaker",
                Severity.WARNING,
            ),
        ),
        served=False,
    ),
    Point(
        key="unpopulated",
        about="result and error where there is none",
        allowed=("null", "absent"),
        cells=_in_all("null", UNK, "no page shows a task with one of them"),
        read=_read_unpopulated,
    ),
    Point(
        key="times",
        about="what times of segments count from, if range_from is given",
        allowed=("file", "range"),
        cells=_in_all("file", UNK, "no page shows a result of a range"),
    ),
    _switch("broken_form", "refusal of a body that is no multipart form", 400, (422,), _in_all(400, DOC, f"{PAGES}: a body that can't be parsed")),
    _switch("missing_file", "refusal of a form without a file", 422, (400,), _in_all(422, INF, f"{PAGES}: values that are not allowed")),
    _switch("bad_config", "refusal of a config that is not allowed", 422, (400,), _in_all(422, INF, f"{PAGES}: values that are not allowed")),
    _switch("both_limits", "refusal of max_speakers with total_speakers", 422, (400,), _in_all(422, INF, f"{PAGES}: mutually exclusive")),
    _switch("bad_query", "refusal of a parameter that is not allowed", 422, (400,), _in_all(422, INF, f"{PAGES}: values that are not allowed")),
    _switch("too_slow", "refusal of an upload that takes too long", 400, (408, 413), _in_all(400, UNK, "limits page: rejected; no status is named")),
    Point(
        key="bad_task_id",
        about="refusal of a task id that is no UUID",
        allowed=(422, 404, 400),
        cells=_in_all(
            422,
            INF,
            "reference page of GET, 3.6.0: task_id is a UUID, and 422 is declared",
            v5_0=Cell(404, UNK, f"{NEWEST}: 422 is no longer declared; 400 or 404"),
        ),
        effect=Refuses(RESULT),
    ),
)  # fmt: skip
"""In the order in which they are shown. What all generations have in common, and nobody doubts, is in the document alone."""
