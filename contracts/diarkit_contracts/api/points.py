"""The points on which generations and platforms may differ: one table with a row for each.

The rows are in `points.json`. The consequences of a point for the document, the fake and findings follow from its `effect`, so adding a
row there is sufficient. The file is longer than others because each effect is next to the code that reads it from an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from diarkit_contracts.api.evidence import Evidence, Label, Severity

Value: TypeAlias = str | int

START: Final = "POST /api/technology/speaker-diarization"
RESULT: Final = "GET /api/technology/speaker-diarization/{task_id}"
INFO: Final = "GET /api/system/info"
STATUS: Final = "GET /api/system/status"
OPERATIONS: Final = (START, RESULT, INFO, STATUS)

GENERATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "3.5": "3.5.0-dev.2, a preview: reference pages; for verification only, never served",
        "3.6": "3.5.0 to 3.6.x: reference pages and guide",
        "3.7": "3.7.0 to 4.x: sibling pages",
        "5.0": "5.0.0 and calendar versions such as 2026.1: sibling pages, life cycle, overview",
    }
)
"""Columns of the table: the versions of each, and their sources."""

USUAL: Final[Generation] = "3.6"

Generation: TypeAlias = Literal["3.6", "3.7", "5.0"]
"""A generation that the fake can serve; 3.5 had only a preview."""

SERVED: Final = cast("tuple[Generation, ...]", get_args(Generation))


def find_served(name: str) -> Generation:
    """Find the generation of a name that a fake can be of; for any other a `ValueError` with what is known of it."""
    for served in SERVED:
        if served == name:
            return served
    known = f" ({GENERATIONS[name]})" if name in GENERATIONS else ""
    raise ValueError(f"expected a profile: {', '.join(SERVED[:-1])} or {SERVED[-1]}, got {name!r}{known}")


@dataclass(frozen=True, slots=True)
class Cell:
    """The value of a point in one generation.

    Attributes:
        source: where it is documented, what it is inferred from, or why it is assumed.
        severity: of a violation; by default an error if documented, a warning if inferred.
    """

    value: Value
    label: Label
    source: str
    severity: Severity | None = None

    @property
    def evidence(self) -> Evidence:
        """The evidence, for a finding."""
        usual = Severity.ERROR if self.label is Label.DOC else Severity.WARNING
        return Evidence(self.label, self.source, self.severity or usual)


@dataclass(frozen=True, slots=True)
class Declares:
    """Whether operations declare a status: `declared`, `absent`."""

    status: int
    operations: tuple[str, ...] = OPERATIONS


@dataclass(frozen=True, slots=True)
class Sends:
    """Whether a 202 has a header: `sent`, `absent`.

    Attributes:
        text: its value, with `{task}` for the URL of the task.
        leads: whether it leads to the task; the first such header of a generation is required in each 202.
    """

    header: str
    text: str
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Refuses:
    """The status with which `operation` refuses a mistake."""

    operation: str = START


@dataclass(frozen=True, slots=True)
class Shows:
    """Whether a task may have a further non-terminal state: `known`, `unknown`."""

    state: str


@dataclass(frozen=True, slots=True)
class Says:
    """The body of a refusal, or the `error` of a task, as a template (`api/words`); empty for the fake's own wording.

    Attributes:
        mistake: key of the mistake's point; empty for the operation's regular answer.
        of_task: whether the task is accepted, and ends with this error.
    """

    operation: str
    mistake: str = ""
    of_task: bool = False


@dataclass(frozen=True, slots=True)
class Ends:
    """The state in which a task ends if only its recording shows the mistake."""


@dataclass(frozen=True, slots=True)
class Carries:
    """A header of answers: the value is its template, empty for none.

    Attributes:
        status: of the answers that have it; 0 for all with a JSON body.
    """

    header: str
    status: int = 0


@dataclass(frozen=True, slots=True)
class Echoes:
    """Whether answers repeat the id of the request, or generate one: `sent`, `absent`."""

    header: str


Effect: TypeAlias = Declares | Sends | Refuses | Shows | Says | Ends | Carries | Echoes


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An answer as input for the readers of points.

    Attributes:
        at: position of its exchange in the history.
        operation: as in `OPERATIONS`; empty for any other request.
        mistake: key of the point for the mistake in the request, or in its task's upload; empty for none.
        body: the JSON object; empty if it is not one.
        text: the body as it came.
        query: of the request, or of its task's upload.
        values: of placeholders.
        header: returns a header; names are case-insensitive.
    """

    at: int
    operation: str
    status: int
    mistake: str
    body: Mapping[str, object]
    text: str
    query: Mapping[str, str]
    values: Mapping[str, str]
    header: Callable[[str], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One row.

    Attributes:
        key: also in the scenario's `dialect`.
        about: a description, as a noun phrase.
        allowed: values; empty for any text.
        cells: by generation.
        effect: consequences for document, fake and verifier; None if only the fake's answers differ.
        served: whether the fake implements it.
    """

    key: str
    about: str
    allowed: tuple[Value, ...]
    cells: Mapping[str, Cell]
    effect: Effect | None = None
    served: bool = True

    @property
    def has_holes(self) -> bool:
        """Whether its value is a template: an answer shows it filled with values of its request."""
        return isinstance(self.effect, Says | Carries)

    def find_value(self, seen: Seen) -> Value | None:
        """Read the value from an answer; None if it does not show it. An undeclared status is never shown."""
        reader = _READERS.get(self.key)
        try:
            found = _read_effect(self.key, self.effect, seen) if reader is None else reader(seen)
        except (AttributeError, KeyError, TypeError, ValueError):
            found = None  # a body of another structure shows nothing
        return found if not self.allowed or found in self.allowed else None


def _read_effect(key: str, effect: Effect | None, seen: Seen) -> Value | None:
    match effect:
        case Declares(status=status, operations=operations):
            return "declared" if seen.status == status and seen.operation in operations else None
        case Sends(header=header) if seen.operation == START and seen.status == 202:
            return "absent" if seen.header(header) is None else "sent"
        case Refuses(operation=operation) if seen.operation == operation and seen.mistake == key:
            return seen.status
        case Shows(state=state):
            return "known" if _read_state(seen) == state else None
        case Ends() if seen.mistake == key:
            return _read_state(seen)
        case _:
            return _read_words(effect, seen)


def _read_words(effect: Effect | None, seen: Seen) -> Value | None:
    match effect:
        case Says(of_task=True, mistake=mistake) if seen.mistake == mistake and seen.body.get("error"):
            return json.dumps(seen.body["error"], ensure_ascii=False, separators=(",", ":"))
        case Says(of_task=False, operation=operation, mistake=mistake):
            shown = seen.operation == operation and seen.mistake == mistake and (seen.status >= 400) is bool(mistake)
            return seen.text if shown else None
        case Carries(header=header, status=status) if seen.status == status or (not status and seen.body):
            return seen.header(header) or ""
        case Echoes(header=header) if seen.operation:
            return "absent" if seen.header(header) is None else "sent"
        case _:
            return None


def _read_state(seen: Seen, operation: str = RESULT, status: int = 200) -> str | None:
    task: Any = seen.body.get("task") if (seen.operation, seen.status) == (operation, status) else None
    return None if task is None else task["state"]


def _read_x_location(seen: Seen) -> Value | None:
    if seen.operation != START or seen.status != 202:
        return None
    reported = seen.header("X-Location")
    return "absent" if reported is None else "absolute" if "://" in reported else "relative"


def _read_empty(operation: str, seen: Seen) -> Value | None:
    if seen.operation != operation or seen.status >= 300 or "task" not in seen.body:
        return None
    return "null" if "result" in seen.body and "error" in seen.body else "absent"


def _read_version(seen: Seen) -> Value | None:
    reported = seen.body.get("version") if seen.operation == INFO else None
    return reported if isinstance(reported, str) else None


def _read_spacing(seen: Seen) -> Value | None:
    if not seen.body or seen.status >= 300:
        return None
    return "spaced" if re.match(r'\{\s*"\w+":\s', seen.text) else "compact"


def _read_whole(seen: Seen) -> Value | None:
    found = re.search(r'_time":\s*\d+(\.0)?\s*[,}]', seen.text) if seen.operation == RESULT else None
    return None if found is None else "decimal" if found[1] else "integer"


def _list_channels(seen: Seen) -> list[Any]:
    result: Any = seen.body.get("result") if seen.operation == RESULT else None
    return [] if result is None else list(result["channels"])


def _list_segments(seen: Seen) -> list[Any]:
    return [segment for channel in _list_channels(seen) for segment in channel["segments"]]


def _read_times(seen: Seen) -> Value | None:
    start, end = (float(seen.query.get(name, "") or 0) for name in ("range_from", "range_to"))
    if not start:
        return None
    for segment in _list_segments(seen):
        if segment["start_time"] < start - 0.01:
            return "range"
        if end and segment["end_time"] > end - start + 0.01:
            return "file"
    return None


def _read_first_speaker(seen: Seen) -> Value | None:
    return min((segment["speaker_id"] for segment in _list_segments(seen)), default=None)


def _read_channel_order(seen: Seen) -> Value | None:
    asked = [int(each) for each in seen.query["channels"].split(",")]
    reported = [channel["channel_number"] for channel in _list_channels(seen)]
    if asked == sorted(asked) or sorted(asked) != sorted(reported):
        return None
    return "asked" if reported == asked else "sorted"


_READERS: Final[Mapping[str, Callable[[Seen], Value | None]]] = {
    "version": _read_version,
    "x_location": _read_x_location,
    "unpopulated": partial(_read_empty, RESULT),
    "times": _read_times,
    "spacing": _read_spacing,
    "accepted_unpopulated": partial(_read_empty, START),
    "first_state": partial(_read_state, operation=START, status=202),
    "whole_seconds": _read_whole,
    "first_speaker": _read_first_speaker,
    "channel_order": _read_channel_order,
}
"""Readers for points whose effect does not determine one."""


def _declare(status: int, operations: Sequence[str] = OPERATIONS) -> Declares:
    return Declares(status, tuple(operations))


_EFFECTS: Final[Mapping[str, Callable[..., Effect]]] = {
    "Declares": _declare,
    "Sends": Sends,
    "Shows": Shows,
    "Echoes": Echoes,
}


def _read_cells(written: Mapping[str, list[Any]]) -> Mapping[str, Cell]:
    """Read the cells of a row; `all` is the default for generations without one."""
    cells = {name: Cell(row[0], Label(row[1]), row[2], *map(Severity, row[3:])) for name, row in written.items()}
    return MappingProxyType({name: cells.get(name, cells["all"]) for name in GENERATIONS})


def _undocumented(value: Value, source: str) -> Mapping[str, list[Any]]:
    """Write the cells of a value that no page documents."""
    return {"all": [value, "UNK", source]}


def _make_point(  # noqa: PLR0913 - a row has that many columns
    key: str,
    about: str,
    cells: Mapping[str, list[Any]],
    allowed: Sequence[Value] = (),
    effect: Effect | None = None,
    *,
    served: bool = True,
) -> Point:
    return Point(key=key, about=about, allowed=tuple(allowed), cells=_read_cells(cells), effect=effect, served=served)


def _read_row(key: str, *, effect: tuple[str, dict[str, Any]] | None = None, **row: Any) -> Point:
    """Read a row that is written in full."""
    return _make_point(key, **row, effect=None if effect is None else _EFFECTS[effect[0]](**effect[1]))


def _make_wording(key: str, about: str, effect: Says) -> Point:
    return _make_point(key, about, _undocumented("", "documented on no page; the fake's own wording"), effect=effect)


def _read_table() -> Iterator[Point]:
    """Read the table. Each section of the file has a compact form of its own."""
    table: dict[str, dict[str, Any]] = json.loads((files("diarkit_contracts.api") / "points.json").read_text("utf-8"))
    yield from (_read_row(key, **row) for key, row in table["points"].items())
    for key, (about, statuses, cells, *operation) in table["refusals"].items():
        refuses = Refuses(*operation)
        yield _make_point(key, f"refusal of {about}", cells, statuses, refuses)
        yield _make_wording(f"{key}_body", f"body of the refusal of {about}", Says(refuses.operation, key))
    yield from (_make_wording(key, about, Says(*effect)) for key, (about, *effect) in table["bodies"].items())
    for key, about in table["ends"].items():
        cells = _undocumented(
            "rejected", "documented on no page; rejected is documented as invalid input found during processing"
        )
        yield _make_point(key, f"end of a task with {about}", cells, ("rejected", "failed"), Ends())
        yield _make_wording(f"{key}_error", f"error of a task with {about}", Says(RESULT, key, of_task=True))
    for key, (header, usual, *status) in table["headers"].items():
        about = f"header {header}" + "".join(f" of {each}" for each in status)
        yield _make_point(key, about, _undocumented(usual, "documented on no page"), effect=Carries(header, *status))
    yield from (_read_row(key, **row) for key, row in table["ids"].items())
    for key, (about, allowed, source) in table["habits"].items():
        yield _make_point(key, about, _undocumented(allowed[0], source), allowed)


POINTS: Final = tuple(_read_table())
"""In display order. What all generations certainly have in common is only in the document."""
