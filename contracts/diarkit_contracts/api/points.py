"""The points on which generations and platforms may differ: one table, a row for each. Judges nothing and answers nothing.

The rows are in `points.json`. What a point does to the document, to the fake and to a finding follows from its `effect`; who adds a
row there adds nothing elsewhere. The file is longer than others, as it has each effect beside how it is read off an answer.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, cast, get_args

from diarkit_contracts.api.evidence import Evidence, Label, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Value: TypeAlias = str | int

START: Final = "POST /api/technology/speaker-diarization"
RESULT: Final = "GET /api/technology/speaker-diarization/{task_id}"
INFO: Final = "GET /api/system/info"
STATUS: Final = "GET /api/system/status"
OPERATIONS: Final = (START, RESULT, INFO, STATUS)

GENERATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "3.5": "3.5.0-dev.2, a preview: reference pages; for verify and generations, and no fake answers as it",
        "3.6": "3.5.0 to 3.6.x: reference pages and guide",
        "3.7": "3.7.0 to 4.x: sibling pages",
        "5.0": "5.0.0 and calendar versions such as 2026.1: sibling pages, life cycle and overview",
    }
)
"""Columns of the table: the versions of each, and where they are known from."""

USUAL: Final[Generation] = "3.6"

Generation: TypeAlias = Literal["3.6", "3.7", "5.0"]
"""A generation that a fake can be of: of 3.5 there was a preview alone."""

SERVED: Final = cast("tuple[Generation, ...]", get_args(Generation))


def find_served(name: str) -> Generation:
    """Find the generation of a name that a fake can be of.

    Raises:
        ValueError: for any other, with what is known of it.
    """
    for served in SERVED:
        if served == name:
            return served
    known = f" ({GENERATIONS[name]})" if name in GENERATIONS else ""
    raise ValueError(f"expected a profile: {', '.join(SERVED[:-1])} or {SERVED[-1]}, got {name!r}{known}")


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


@dataclass(frozen=True, slots=True)
class Says:
    """What a mistake is answered with, as a text with holes (`api/words`), empty for the fake's own words.

    It is a whole body, or the `error` of a task.

    Attributes:
        mistake: key of the point of the mistake; empty for none: then the operation's usual answer.
        of_task: the task is accepted, and ends with this error.
    """

    operation: str
    mistake: str = ""
    of_task: bool = False


@dataclass(frozen=True, slots=True)
class Ends:
    """A mistake that shows only in the recording ends the task: the value is the state."""


@dataclass(frozen=True, slots=True)
class Carries:
    """Answers carry a header: the value is its text with holes, empty for none.

    Attributes:
        status: of the answers that do; 0 for all that have a body of JSON.
    """

    header: str
    status: int = 0


@dataclass(frozen=True, slots=True)
class Echoes:
    """Answers repeat an id of the request, or make one, or not: `sent`, `absent`."""

    header: str


Effect: TypeAlias = Declares | Sends | Refuses | Shows | Says | Ends | Carries | Echoes


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
        """Key of the point of the mistake that its request has, or the upload of its task; empty for none."""
        ...

    @property
    def body(self) -> Mapping[str, object]:
        """A JSON object; empty if it is none."""
        ...

    @property
    def text(self) -> str:
        """The body as it came."""
        ...

    @property
    def query(self) -> Mapping[str, str]:
        """Of the request, or of the upload of its task."""
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

    @property
    def has_holes(self) -> bool:
        """Whether its value is a text with holes: one answer shows it with the values of its request."""
        return isinstance(self.effect, Says | Carries)

    def find_value(self, seen: Seen) -> Value | None:
        """Read the value off an answer; None where it does not show it. What is merely not declared is never shown."""
        try:
            found = _read_effect(self.key, self.effect, seen) if self.read is None else self.read(seen)
        except (AttributeError, KeyError, TypeError, ValueError):
            found = None  # a body of another shape shows nothing
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


def _read_state(seen: Seen) -> str | None:
    task: Any = seen.body.get("task") if seen.operation == RESULT and seen.status == 200 else None
    return None if task is None else task["state"]


def _read_x_location(seen: Seen) -> Value | None:
    if seen.operation != START or seen.status != 202:
        return None
    told = seen.header("X-Location")
    return "absent" if told is None else "absolute" if "://" in told else "relative"


def _read_empty(seen: Seen, operation: str) -> Value | None:
    if seen.operation != operation or seen.status >= 300 or "task" not in seen.body:
        return None
    return "null" if "result" in seen.body and "error" in seen.body else "absent"


def _read_unpopulated(seen: Seen) -> Value | None:
    return _read_empty(seen, RESULT)


def _read_accepted(seen: Seen) -> Value | None:
    return _read_empty(seen, START)


def _read_first_state(seen: Seen) -> Value | None:
    task: Any = seen.body.get("task") if seen.operation == START and seen.status == 202 else None
    return None if task is None else task["state"]


def _read_version(seen: Seen) -> Value | None:
    told = seen.body.get("version") if seen.operation == INFO else None
    return told if isinstance(told, str) else None


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
    told = [channel["channel_number"] for channel in _list_channels(seen)]
    if asked == sorted(asked) or sorted(asked) != sorted(told):
        return None
    return "asked" if told == asked else "sorted"


_READERS: Final[Mapping[str, Callable[[Seen], Value | None]]] = {
    "version": _read_version,
    "x_location": _read_x_location,
    "unpopulated": _read_unpopulated,
    "times": _read_times,
    "spacing": _read_spacing,
    "accepted_unpopulated": _read_accepted,
    "first_state": _read_first_state,
    "whole_seconds": _read_whole,
    "first_speaker": _read_first_speaker,
    "channel_order": _read_channel_order,
}
"""How a point is read off an answer, where its effect does not say."""


def _declare(status: int, operations: Sequence[str] = OPERATIONS) -> Declares:
    return Declares(status, tuple(operations))


_EFFECTS: Final[Mapping[str, Callable[..., Effect]]] = {
    "Declares": _declare,
    "Sends": Sends,
    "Shows": Shows,
    "Echoes": Echoes,
}


def _read_cells(written: Mapping[str, list[Any]]) -> Mapping[str, Cell]:
    """Read the cells of a row; a generation without one of its own has that of `all`."""
    cells = {name: Cell(row[0], Label(row[1]), row[2], *map(Severity, row[3:])) for name, row in written.items()}
    return MappingProxyType({name: cells.get(name, cells["all"]) for name in GENERATIONS})


def _guess(value: Value, source: str) -> Mapping[str, Cell]:
    """Make the cells of what nobody knows."""
    return _read_cells({"all": [value, Label.UNK, source]})


def _make_point(  # noqa: PLR0913 - a row has that many columns
    key: str,
    about: str,
    cells: Mapping[str, list[Any]],
    allowed: Sequence[Value] = (),
    effect: tuple[str, dict[str, Any]] | None = None,
    *,
    served: bool = True,
) -> Point:
    return Point(
        key=key,
        about=about,
        allowed=tuple(allowed),
        cells=_read_cells(cells),
        effect=None if effect is None else _EFFECTS[effect[0]](**effect[1]),
        read=_READERS.get(key),
        served=served,
    )


def _say(key: str, about: str, effect: Says) -> Point:
    """Make the row of a text that no page shows."""
    cells = _guess("", "no page shows it; the fake's own words")
    return Point(key=key, about=about, allowed=(), cells=cells, effect=effect)


def _refuse(
    key: str, about: str, statuses: list[int], cells: Mapping[str, list[Any]], operation: str = START
) -> Iterator[Point]:
    """Make the two rows of a refusal: its status, and its body."""
    effect, allowed = Refuses(operation), tuple(statuses)
    yield Point(key=key, about=f"refusal of {about}", allowed=allowed, cells=_read_cells(cells), effect=effect)
    yield _say(f"{key}_body", f"body of the refusal of {about}", Says(operation, key))


def _end(key: str, about: str) -> Iterator[Point]:
    """Make the two rows of a task that ends for what is in its recording: the state, and the error."""
    cells = _guess(
        "rejected", "no page shows one: rejected is documented as invalid input that is found during processing"
    )
    allowed = ("rejected", "failed")
    yield Point(key=key, about=f"end of a task with {about}", allowed=allowed, cells=cells, effect=Ends())
    yield _say(f"{key}_error", f"error of a task with {about}", Says(RESULT, key, of_task=True))


def _carry(key: str, header: str, usual: str = "", status: int = 0) -> Point:
    """Make the row of a header that no page names."""
    about = f"header {header}" + (f" of {status}" if status else "")
    cells = _guess(usual, "no page names it")
    return Point(key=key, about=about, allowed=(), cells=cells, effect=Carries(header, status))


def _choose(key: str, about: str, allowed: list[Value], source: str) -> Point:
    """Make the row of a habit; the first value is the usual one."""
    cells = _guess(allowed[0], source)
    return Point(key=key, about=about, allowed=tuple(allowed), cells=cells, read=_READERS[key])


def _read_table() -> Iterator[Point]:
    """Read the table: each of its parts has a form of its own, as most rows differ from those beside them in a few words."""
    table: dict[str, dict[str, Any]] = json.loads((files("diarkit_contracts.api") / "points.json").read_text("utf-8"))
    yield from (_make_point(key, **row) for key, row in table["points"].items())
    for key, row in table["refusals"].items():
        yield from _refuse(key, *row)
    yield from (_say(key, about, Says(*effect)) for key, (about, *effect) in table["bodies"].items())
    for key, about in table["ends"].items():
        yield from _end(key, about)
    yield from (_carry(key, **row) for key, row in table["headers"].items())
    yield from (_make_point(key, **row) for key, row in table["ids"].items())
    yield from (_choose(key, *row) for key, row in table["habits"].items())


POINTS: Final = tuple(_read_table())
"""In the order in which they are shown. What all generations have in common, and nobody doubts, is in the document alone."""
