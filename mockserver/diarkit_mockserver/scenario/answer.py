"""An HTTP error instead of the usual answer, of a rule or of a fault: its values. Knows no sockets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """An HTTP error instead of the usual answer.

    Attributes:
        status: 400 to 599.
        on: of a rule: `submit` (the default) answers the upload with it; `poll` accepts the upload and answers its first polls.
        times: with `on: poll`, how many polls; 1 by default.
        message: in the documented envelope, instead of the usual one of this status.
        retry_after: seconds, in the header `Retry-After`.
        body: a foreign body instead of the envelope.
        content_type: of the foreign body.
    """

    status: int
    on: Literal["submit", "poll"] | None = None
    times: int | None = None
    message: str | None = None
    retry_after: int | None = None
    body: str | None = None
    content_type: str = "text/plain; charset=utf-8"

    def __post_init__(self) -> None:
        if not 400 <= self.status <= 599:
            raise ValueError(f"expected an HTTP error status from 400 to 599, got {self.status}")
        if self.times is not None and self.times < 1:
            raise ValueError(f"expected times >= 1, got {self.times}")
        if self.times not in (None, 1) and self.on != "poll":
            raise ValueError("times counts polls: say on: poll, or give the rule itself a number of times")
        if self.retry_after is not None and self.retry_after < 0:
            raise ValueError(f"expected retry_after >= 0 seconds, got {self.retry_after}")
        if not self.content_type.isprintable():
            raise ValueError(f"expected a media type, got {self.content_type!r}")

    @property
    def polls(self) -> int:
        """How many polls of a rule's task it answers; 0 if it answers the upload."""
        return (self.times or 1) if self.on == "poll" else 0


def read_http(http: int | HttpAnswer | None) -> HttpAnswer | None:
    """Read what stands under the key `http`: a status alone, or all its details."""
    return HttpAnswer(status=http) if isinstance(http, int) else http
