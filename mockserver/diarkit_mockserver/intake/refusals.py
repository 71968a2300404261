"""The refusals of the platform's API: one row for each condition."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TypeAlias

from diarkit_contracts.api.profiles import DEFAULT, Profile
from diarkit_contracts.api.states import ERROR_TYPE_OF_STATUS, ErrorType
from diarkit_contracts.api.words import fill_text
from diarkit_mockserver.errors import FakeError

Location: TypeAlias = tuple[int | str, ...]
"""Location of an error in a request, such as `("body", "config", "max_speakers")`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One entry of an error's `detail`.

    Source:
        DOC for the four names and their types (reference, GET /api/system/info, 3.5); INF for the values, which follow the
        names used by pydantic.
    """

    location: Location
    message: str
    type: str


LONGEST_VALUE = 200
"""Characters of a refused value in a body template."""

STATUS_MESSAGES: Mapping[int, str] = {
    400: "Invalid request.",
    403: "Request is forbidden.",
    404: "The requested resource does not exist.",
    405: "Method is not allowed.",
    413: "The payload is larger than the allowed limit.",
    422: "Error during validation of the request payload.",
    429: "Rate limit exceeded.",
    500: "Internal error.",
    507: "The storage is full and cannot accept any data.",
}
"""The envelope's message of each status: DOC for 400, INF for the others (their literal texts are UNK)."""


@dataclass(frozen=True, slots=True, eq=False)  # so that conditions with equal rows are distinct
class Row:
    """The answer to a condition.

    Attributes:
        status: HTTP status, or the key of the point that defines it.
        kind: type of the single entry of `detail`; empty for an empty detail.
        text: message of that entry; `{came}` is the actual value, `{reason}` the parser's message.
        mistake: its name in the table of points, if different from the key of its status.
    """

    status: int | str
    kind: str = ""
    text: str = ""
    mistake: str = ""

    @property
    def usual(self) -> int:
        """The status in the default generation."""
        return int(DEFAULT[self.status]) if isinstance(self.status, str) else self.status

    @property
    def point(self) -> str:
        """Its name in the table of points; empty without one."""
        return self.status if isinstance(self.status, str) else self.mistake


class Condition(Enum):
    """Everything that can be wrong with a request, with its answer."""

    # INF: a gateway in front of the platform answers these three; the envelope is the regular one.
    NOT_HTTP = Row(400)
    CODING_UNKNOWN = Row(501)
    VERSION_UNKNOWN = Row(505)
    # Rows in the table of points depend on the world's generation and dialect.
    MULTIPART_BROKEN = Row("broken_form")
    FILE_MISSING = Row("missing_file", "missing", "Field required")
    FILE_NOT_A_FILE = Row("text_file", "value_error", "Expected an uploaded file, got a text field")
    CONFIG_A_FILE = Row(
        "config_file", "json_type", "Expected JSON in a text field, got a file: send it without a file name"
    )
    CONFIG_NOT_JSON = Row("broken_config", "json_invalid", "Invalid JSON: {reason}")
    CONFIG_NOT_AN_OBJECT = Row("config_type", "dict_type", "Expected a JSON object, got {came}")
    SPEAKERS_NOT_A_NUMBER = Row("limit_type", "int_type", "Expected an integer, got {came}")
    SPEAKERS_TOO_SMALL = Row("bad_limit", "greater_than_equal", "Expected an integer of at least 1, got {came}")
    SPEAKERS_TWICE = Row(
        "both_limits", "value_error", "Only one of max_speakers and total_speakers can be used at a time"
    )
    CHANNEL_MODE_UNKNOWN = Row("bad_mode", "enum", "Expected 'split' or 'mix', got {came}")
    CHANNELS_SYNTAX = Row(
        "bad_channels", "value_error", "Expected channel numbers with commas between, as in 0,1, got {came}"
    )
    RANGE_NOT_A_NUMBER = Row("bad_time", "float_parsing", "Expected a number of seconds, got {came}")
    RANGE_NEGATIVE = Row("negative_time", "greater_than_equal", "Expected a number of at least 0, got {came}")
    TASK_ID_SYNTAX = Row("bad_task_id", "uuid_parsing", "Expected a UUID, got {came}")
    # DOC: the task_id may be wrong, or the task may have expired.
    TASK_UNKNOWN = Row(404, mistake="unknown_task")
    PATH_UNKNOWN = Row(404, mistake="unknown_path")
    # INF: the type method.invalid exists at 3.6; whether the status is declared is a point.
    METHOD_WRONG = Row(405, mistake="wrong_method")
    # DOC (limits page, singleFileUploadSize): a larger upload is rejected; INF that the status is 413.
    TOO_LARGE = Row(413, mistake="too_large")
    TOO_SLOW = Row("too_slow")
    # INF: operations without licence declare no 403.
    NOT_LICENSED = Row(403, mistake="forbidden")
    # DOC (reference): the storage is full; INF that it is that of uploads.
    STORAGE_FULL = Row(507, mistake="storage_full")
    # DOC up to 3.7 for the rate; UNK for the queue, which is equally temporary.
    TOO_MANY = Row(429, mistake="too_many")


class Refusal(FakeError):  # noqa: N818 - an answer rather than an error
    """An HTTP error in the documented envelope.

    Attributes:
        reason: for the log: what was refused, and by which limit or rule.
        headers: in addition to those of every answer, names in lower case.
        foreign: a body, and its type, instead of the envelope.
        limit: key of the exceeded limit in the scenario; empty for other refusals.
        point: name of the mistake in the table of points, which defines its status and body; empty for none.
        values: of the request, for a body template.
    """

    def __init__(  # noqa: PLR0913 - an envelope has that many parts
        self,
        status: int,
        *,
        message: str | None = None,
        detail: tuple[Detail, ...] = (),
        reason: str = "",
        headers: tuple[tuple[str, str], ...] = (),
        foreign: tuple[bytes, str] | None = None,
        limit: str = "",
        point: str = "",
        values: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.status = status
        self.message = message or find_message(status)
        self.point = point
        self.values = values
        self.detail = detail
        self.reason = reason or self.message
        self.headers = headers
        self.foreign = foreign
        self.limit = limit
        super().__init__(f"{status} {self.reason}")

    def again(self) -> Refusal:
        """Return an unsettled copy, for a retry in another view."""
        return Refusal(**vars(self))

    def settle(self, profile: Profile, request: Mapping[str, str]) -> None:
        """Apply the status and body of a world's generation and dialect."""
        cell = profile.cells.get(self.point)
        if cell is not None and (status := int(cell.value)) != self.status:
            self.status, self.message = status, find_message(status)
            # The detail refers to the request, and is empty if the refusal is that of an unknown task.
            self.detail = () if status == 404 else self.detail
        cell = profile.cells.get(f"{self.point}_body")
        if cell is not None and cell.value:
            self.foreign = (fill_text(str(cell.value), {**request, **self.values}).encode(), "application/json")

    @property
    def type(self) -> ErrorType:
        """The envelope's type; statuses without one have the general type of their class."""
        fallback = ErrorType.INTERNAL if self.status >= 500 else ErrorType.INVALID
        return ERROR_TYPE_OF_STATUS.get(self.status, fallback)


def find_message(status: int) -> str:
    """Return the envelope's message for a status."""
    return STATUS_MESSAGES.get(status, STATUS_MESSAGES[500 if status >= 500 else 400])


def refuse(  # noqa: PLR0913 - as above
    condition: Condition,
    location: Location = (),
    *,
    came: object = "",
    reason: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    limit: str = "",
) -> Refusal:
    """Make the refusal of a condition."""
    row = condition.value
    values = {"reason": reason, "value": _write_value(came), "name": str(location[-1]) if location else ""}
    if not row.kind:
        return Refusal(row.usual, reason=reason, headers=headers, limit=limit, point=row.point, values=values)
    message = row.text.format(came=_shorten(came), reason=reason)
    return Refusal(
        row.usual,
        point=row.point,
        values=values,
        detail=(Detail(location=location, message=message, type=row.kind),),
        reason=f"{'.'.join(map(str, location))}: {message}",
    )


def _write_value(came: object) -> str:
    text = came if isinstance(came, str) else json.dumps(came, default=str)
    return text[:LONGEST_VALUE]


def _shorten(came: object) -> str:
    text = repr(came)
    return text if len(text) <= 80 else f"{text[:76]}...{text[-1]}"
