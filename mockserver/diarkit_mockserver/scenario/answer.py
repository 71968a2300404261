"""A custom HTTP answer of a rule or fault, and its headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from diarkit_mockserver.clock import SECOND, tell_date
from diarkit_mockserver.scenario.limits import Exceeded

TOKEN: Final = re.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""The name of a header (RFC 9110, 5.6.2)."""

OURS: Final = {
    "content-length": "use a fault such as connection: length_too_short to make it wrong",
    "transfer-encoding": "the server chooses it",
    "content-type": "use the key content_type",
}
"""Headers that can't be set, and what to do instead."""

BODILESS: Final = frozenset({204, 205, 304})
"""Statuses without a body (RFC 9110, 15)."""

SUCCESS: Final = {"submit": 202, "poll": 200, "system": 200}
"""The default status by operation."""

BUSY_S: Final = 1
"""Default Retry-After of a 429 in seconds: as short as possible, for tests that really wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """A custom HTTP answer. A 429 has Retry-After and the rate headers by default, as documented.

    Attributes:
        status: 200 to 599; the usual success (202 for an upload, 200 for a poll) only with a body.
        on: of a rule: `submit` (the default) answers the upload with it; `poll` accepts the upload and answers its first polls.
        times: with `on: poll`, the number of polls; default 1.
        message: in the documented envelope, instead of the default one of this status.
        retry_after: seconds, in the header `Retry-After`.
        retry_after_as: in `seconds`, or as a `date`.
        headers: by name, such as `{Location: "https://other/"}`; null removes a default header, but no id.
        body: a custom body instead of the envelope; below 400 there is no envelope, and the body is empty by default.
        content_type: of the custom body.
    """

    status: int
    on: Literal["submit", "poll"] | None = None
    times: int | None = None
    message: str | None = None
    retry_after: int | None = None
    retry_after_as: Literal["seconds", "date"] = "seconds"
    headers: dict[str, str | None] | None = None
    body: str | None = None
    content_type: str = "text/plain; charset=utf-8"

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:
            raise ValueError(f"expected an HTTP status from 200 to 599, got {self.status}")
        if self.times is not None and self.times < 1:
            raise ValueError(f"expected times >= 1, got {self.times}")
        if self.times not in (None, 1) and self.on != "poll":
            raise ValueError("times counts polls: add on: poll, or use times of the rule")
        if self.retry_after is not None and not 0 <= self.retry_after <= 1e9:
            raise ValueError(f"expected retry_after >= 0 seconds, got {self.retry_after}")
        if self.status in BODILESS and self.body:
            raise ValueError(f"an answer with the status {self.status} has no body")
        if self.status < 400 and self.message is not None:
            raise ValueError("only errors have an envelope with a message: expected body, or a status from 400")
        if not (self.content_type.isprintable() and self.content_type.isascii()):
            raise ValueError(f"expected a media type, got {self.content_type!r}")
        _check_headers(self.headers or {})

    @property
    def polls(self) -> int:
        """The number of polls that it answers; 0 if it answers the upload."""
        return (self.times or 1) if self.on == "poll" else 0

    @property
    def foreign(self) -> tuple[bytes, str] | None:
        """The custom body and its type; None for the envelope."""
        if self.body is None and self.status >= 400:
            return None
        return (self.body or "").encode(), self.content_type

    def list_headers(self, now: int, epoch: int) -> tuple[tuple[str, str], ...]:
        """Return its headers, names in lower case."""
        made: dict[str, str] = {}
        wait = BUSY_S if self.status == 429 and self.retry_after is None else self.retry_after
        if wait is not None:
            exceeded = Exceeded.until(now + wait * SECOND, now, epoch, 1)
            made = dict(exceeded.headers if self.status == 429 else exceeded.headers[:1])
            if self.retry_after_as == "date":
                from email.utils import format_datetime  # noqa: PLC0415 - 20 ms that only those pay who ask for a date

                made["retry-after"] = format_datetime(tell_date(exceeded.reset, 0), usegmt=True)
        for name, value in (self.headers or {}).items():
            made.pop(name.lower(), None)
            if value is not None:
                made[name.lower()] = value
        if "close" in (option.strip().lower() for option in made.get("connection", "").split(",")):
            made["connection"] = "close"  # whatever else it lists
        return tuple(made.items())


HttpLike: TypeAlias = "int | HttpAnswer | Mapping[str, object]"
"""A bare status, or an answer, also as in a scenario file: `{"status": 503, "retry_after": 5}`."""


def read_http(http: int | HttpAnswer | None) -> HttpAnswer | None:
    """Convert a value of the key `http`, a bare status or an answer, to an answer."""
    return HttpAnswer(status=http) if isinstance(http, int) else http


def check_success(http: HttpAnswer, on: str) -> None:
    """Raise ValueError for a default status without a body, which would replace the regular answer by an empty one."""
    if http.status == SUCCESS.get(on) and http.body is None:
        raise ValueError(
            f"{http.status} is the default answer (on: {on}): remove http, or set a custom body, such as body: '' for none"
        )


def _check_headers(headers: Mapping[str, object]) -> None:
    for name, value in headers.items():
        if TOKEN.fullmatch(name) is None:
            raise ValueError(f"expected the name of a header, got {name!r:.60}")
        if name.lower() in OURS:
            raise ValueError(f"the header {name} can't be set: {OURS[name.lower()]}")
        if value is not None and not (isinstance(value, str) and value.isprintable() and value.isascii()):
            raise ValueError(f"the header {name}: expected printable ASCII in quotes, or null, got {value!r:.60}")
