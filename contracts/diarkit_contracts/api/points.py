"""The points on which generations and platforms may differ: one table, a row for each. Judges nothing and answers nothing.

What a point does to the document, to the fake and to a finding follows from its `effect`; who adds a row here adds nothing elsewhere.
The file is longer than others, as the table stands here whole.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeAlias, cast, get_args

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

Generation: TypeAlias = Literal["3.6", "3.7", "5.0"]
"""A generation that a fake can be of: of 3.5 there was a preview alone."""

SERVED: Final = cast("tuple[Generation, ...]", get_args(Generation))


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


DOC, INF, UNK = Label.DOC, Label.INF, Label.UNK

PAGES: Final = "reference pages, 3.6.0"
SIBLINGS: Final = "reference pages of sibling technologies, 3.7.0 and 4.0.0-rc1"
NEWEST: Final = "reference pages of sibling technologies, 5.0.0"


def _in_all(value: Value, label: Label, source: str, **others: Cell) -> Mapping[str, Cell]:
    """Fill a row with one cell; the others by generation, as `v5_0`."""
    own = {name[1:].replace("_", "."): cell for name, cell in others.items()}
    return MappingProxyType({name: own.get(name, Cell(value, label, source)) for name in GENERATIONS})


WORDS: Final = "no page shows it; the fake's own words"


def _say(key: str, about: str, effect: Says) -> Point:
    """Make the row of a text that no page shows."""
    return Point(key=key, about=about, allowed=(), cells=_in_all("", UNK, WORDS), effect=effect)


def _refuse(
    key: str, about: str, statuses: tuple[int, ...], cells: Mapping[str, Cell], operation: str = START
) -> tuple[Point, Point]:
    """Make the two rows of a refusal: its status, and its body."""
    status = Point(key=key, about=f"refusal of {about}", allowed=statuses, cells=cells, effect=Refuses(operation))
    return status, _say(f"{key}_body", f"body of the refusal of {about}", Says(operation, key))


def _end(key: str, about: str) -> tuple[Point, Point]:
    """Make the two rows of a task that ends for what is in its recording: the state, and the error."""
    cells = _in_all(
        "rejected", UNK, "no page shows one: rejected is documented as invalid input that is found during processing"
    )
    return (
        Point(key=key, about=f"end of a task with {about}", allowed=("rejected", "failed"), cells=cells, effect=Ends()),
        _say(f"{key}_error", f"error of a task with {about}", Says(RESULT, key, of_task=True)),
    )


def _carry(key: str, header: str, usual: str = "", status: int = 0) -> Point:
    """Make the row of a header that no page names."""
    about = f"header {header}" + (f" of {status}" if status else "")
    return Point(
        key=key, about=about, allowed=(), cells=_in_all(usual, UNK, "no page names it"), effect=Carries(header, status)
    )


def _choose(
    key: str, about: str, allowed: tuple[Value, ...], read: Callable[[Seen], Value | None], source: str
) -> Point:
    """Make the row of a habit; the first value is the usual one."""
    return Point(key=key, about=about, allowed=allowed, cells=_in_all(allowed[0], UNK, source), read=read)


VALUES: Final = _in_all(422, INF, f"{PAGES}: values that are not allowed")
VALIDATED: Final = (422, 400)

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
        about="X-Location in the 202, and the form of its URL, which is also that of Location",
        allowed=("absolute", "relative", "absent"),
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
        read=_read_times,
    ),
    *_refuse("broken_form", "a body that is no multipart form", (400, 422, 415), _in_all(400, DOC, f"{PAGES}: a body that can't be parsed")),
    *_refuse("missing_file", "a form without a file", VALIDATED, VALUES),
    *_refuse("text_file", "a file that is a text field", VALIDATED, VALUES),
    *_refuse("config_file", "a config that is a file", VALIDATED, VALUES),
    *_refuse("broken_config", "a config that is no JSON", VALIDATED, VALUES),
    *_refuse("config_type", "a config that is no JSON object", VALIDATED, VALUES),
    *_refuse("limit_type", "a number of speakers that is no whole number", VALIDATED, VALUES),
    *_refuse("bad_limit", "a number of speakers below 1", VALIDATED, VALUES),
    *_refuse("both_limits", "max_speakers with total_speakers", VALIDATED, _in_all(422, INF, f"{PAGES}: mutually exclusive")),
    *_refuse("bad_mode", "a channel_mode that there is not", VALIDATED, VALUES),
    *_refuse("bad_channels", "channels that are no list of numbers", VALIDATED, VALUES),
    *_refuse("bad_time", "a range that is no number", VALIDATED, VALUES),
    *_refuse("negative_time", "a range below 0", VALIDATED, VALUES),
    *_refuse("too_slow", "an upload that takes too long", (400, 408, 413), _in_all(400, UNK, "limits page: rejected; no status is named")),
    *_refuse(
        "bad_task_id",
        "a task id that is no UUID",
        (422, 404, 400),
        _in_all(
            422,
            INF,
            "reference page of GET, 3.6.0: task_id is a UUID, and 422 is declared",
            v5_0=Cell(404, UNK, f"{NEWEST}: 422 is no longer declared; 400 or 404"),
        ),
        RESULT,
    ),
    _say("unknown_task_body", "body of the refusal of a task that there is not", Says(RESULT, "unknown_task")),
    _say("unknown_path_body", "body of the refusal of a path that there is not", Says("", "unknown_path")),
    _say("wrong_method_body", "body of the refusal of a method that there is not", Says("", "wrong_method")),
    _say("too_large_body", "body of the refusal of a file that is too large", Says(START, "too_large")),
    _say("forbidden_body", "body of the refusal of an upload that the licence does not allow", Says(START, "forbidden")),
    _say("too_many_body", "body of the refusal of one request too many", Says(START, "too_many")),
    _say("storage_full_body", "body of the refusal of an upload that finds no room", Says(START, "storage_full")),
    _say("info_body", "body of GET /api/system/info", Says(INFO)),
    _say("status_body", "body of GET /api/system/status", Says(STATUS)),
    *_end("undecodable", "a file that is no recording"),
    *_end("channel_beyond", "a channel that the recording has not"),
    *_end("range_reversed", "a range that ends before it begins"),
    *_end("range_beyond", "a range that begins after the end"),
    _carry("content_type", "Content-Type", "application/json"),
    _carry("allow", "Allow", "{allowed}", 405),
    _carry("server", "Server"),
    _carry("cache_control", "Cache-Control"),
    _carry("vary", "Vary"),
    _carry("content_language", "Content-Language"),
    _carry("x_content_type_options", "X-Content-Type-Options"),
    _carry("x_frame_options", "X-Frame-Options"),
    _carry("strict_transport_security", "Strict-Transport-Security"),
    _carry("x_powered_by", "X-Powered-By"),
    _carry("x_api_version", "X-API-Version"),
    Point(
        key="request_id",
        about="X-Request-ID in answers",
        allowed=("sent", "absent"),
        cells=_in_all("sent", INF, "reference pages, 3.6.0: generated if it is not provided"),
        effect=Echoes("X-Request-ID"),
    ),
    Point(
        key="correlation_id",
        about="X-Correlation-ID in answers",
        allowed=("sent", "absent"),
        cells=_in_all("sent", INF, "reference pages, 3.6.0: generated if it is not provided"),
        effect=Echoes("X-Correlation-ID"),
    ),
    _choose("spacing", "blanks in JSON", ("compact", "spaced"), _read_spacing, "no page shows the bytes"),
    _choose("accepted_unpopulated", "result and error in the 202", ("absent", "null"), _read_accepted, "the 202's schema has neither"),
    _choose("first_state", "state in the 202", ("pending", "running"), _read_first_state, "the 202's example; nothing is processed at once"),
    _choose("whole_seconds", "times that are whole seconds", ("decimal", "integer"), _read_whole, "no page shows one"),
    _choose("first_speaker", "lowest speaker_id", (0, 1), _read_first_speaker, "the example begins with 0"),
    _choose("channel_order", "order of channels in a result", ("asked", "sorted"), _read_channel_order, "no page shows one"),
)  # fmt: skip
"""In the order in which they are shown. What all generations have in common, and nobody doubts, is in the document alone."""
