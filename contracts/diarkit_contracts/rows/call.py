"""A request to send, as data, and a row: a request with a name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlencode

from diarkit_contracts.api.profiles import Capability
from diarkit_contracts.exchanges.exchange import Made, Part
from diarkit_contracts.exchanges.form import Field, describe_form, stream_form, write_form
from diarkit_contracts.exchanges.history import START_PATH
from diarkit_contracts.rows.inputs import make_input
from diarkit_contracts.rows.manners import MANNERS, Manner
from diarkit_fixtures.wav.chunks import Chunks

FILE: Final = "file"
CONFIG: Final = "config"


@dataclass(frozen=True, slots=True)
class Attached:
    """A part with a named input; with `filename` None it is sent as a text field."""

    attach: str
    filename: str | None = "a.wav"
    name: str = FILE


@dataclass(frozen=True, slots=True)
class Carried:
    """A part with a variant of an own recording, sent only to the target.

    Attributes:
        load: makes the bytes, each time they are sent.
        filename: independent of the recording's name.
    """

    load: Callable[[], Chunks] = field(repr=False)
    filename: str
    made: Made
    name: str = FILE


@dataclass(frozen=True, slots=True)
class Written:
    """A text field."""

    text: str
    name: str = CONFIG


@dataclass(frozen=True, slots=True)
class Raw:
    """A body that is not a form, or a malformed one."""

    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request, independent of the target.

    Attributes:
        path: relative to the target's URL.
        query: names and values, in wire order.
        body: parts in wire order, or bytes; None for no body.
        manner: one of `MANNERS`.
    """

    method: str = "POST"
    path: str = START_PATH
    query: tuple[tuple[str, str], ...] = ()
    body: tuple[Attached | Carried | Written, ...] | Raw | None = None
    manner: str = ""

    @property
    def how(self) -> Manner:
        """How it is written."""
        return MANNERS[self.manner]

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote, safe=self.how.safe)}" if self.query else self.path

    @property
    def is_private(self) -> bool:
        """Whether it sends an own recording."""
        return isinstance(self.body, tuple) and any(isinstance(part, Carried) for part in self.body)

    @property
    def raw(self) -> Raw | None:
        """Content type and bytes of a body that is not a form, or a form in an own manner; None otherwise."""
        if isinstance(self.body, Raw) or not (self.body and self.manner):
            return self.body if isinstance(self.body, Raw) else None
        kind, content = self.write_body()
        return Raw(kind, bytes(content))

    def write_body(self) -> tuple[str, bytes | Chunks]:
        """Return content type and bytes of the body; those of an own recording, or sent in chunks, come in pieces."""
        match self.body:
            case None:
                return "", b""
            case Raw(content_type, content):
                return content_type, content
            case parts:
                write = stream_form if self.is_private or self.how.is_chunked else write_form
                return write(map(_make_field, parts), self.how.style)

    def describe_body(self) -> tuple[Part, ...] | None:
        """Describe the parts of the form; None for any other body."""
        return describe_form(map(_make_field, self.body)) if isinstance(self.body, tuple) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A request with a name and its expectations.

    Attributes:
        id: such as `row-07`; never reused for another request.
        what: the rest of the name.
        about: id of the clause that defines whether it is accepted; empty if undocumented.
        accepted: whether a conforming server starts, or may start, a task.
        needs: required capability of the target, without which the row is not planned.
        fresh: whether its task is polled over a new connection each time.
        cookies: whether its task is polled with the cookies of its answers; otherwise without any.
        looks: ids of this or earlier rows whose tasks are polled, in this order, before the next row is sent.
    """

    id: str
    what: str
    call: Call
    about: str = ""
    accepted: bool = False
    needs: Capability | None = None
    fresh: bool = False
    cookies: bool = False
    looks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name in reports and for `--only`: `row-07[2ch-4.0s,mix]`."""
        return f"{self.id}[{self.what}]"


def _make_field(part: Attached | Carried | Written) -> Field:
    if isinstance(part, Written):
        return Field(part.name, part.text.encode())
    if isinstance(part, Carried):
        return Field(part.name, part.load(), part.filename, part.made)
    return Field(part.name, make_input(part.attach), part.filename)
