"""One request that is to be sent, as data, and a row of a plan: a request with a name. Sends nothing, knows no row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from diarkit_contracts.exchanges.form import Field, describe_form, stream_form, write_form
from diarkit_contracts.exchanges.history import START_PATH
from diarkit_contracts.rows.inputs import make_input

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_contracts.api.profiles import Capability
    from diarkit_contracts.exchanges.exchange import Made, Part
    from diarkit_fixtures.wav.chunks import Chunks

FILE: Final = "file"
CONFIG: Final = "config"


@dataclass(frozen=True, slots=True)
class Attached:
    """A part that holds an input, by its name; `filename` None sends it as a text field."""

    attach: str
    filename: str | None = "a.wav"
    name: str = FILE


@dataclass(frozen=True, slots=True)
class Carried:
    """A part that holds what was made of a recording of somebody's own: it goes to the target, and nowhere else.

    Attributes:
        load: makes the bytes, each time they are sent.
        filename: says nothing of the recording's own name.
    """

    load: Callable[[], Chunks] = field(repr=False)
    filename: str
    made: Made
    name: str = FILE


@dataclass(frozen=True, slots=True)
class Written:
    """A part that holds a text."""

    text: str
    name: str = CONFIG


@dataclass(frozen=True, slots=True)
class Raw:
    """A body that is no form, or a broken one."""

    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request, as far as it does not depend on the target.

    Attributes:
        path: behind the target's URL.
        query: names and values, in the order of the wire.
        body: parts in the order of the wire, or bytes; None for no body.
    """

    method: str = "POST"
    path: str = START_PATH
    query: tuple[tuple[str, str], ...] = ()
    body: tuple[Attached | Carried | Written, ...] | Raw | None = None

    @property
    def target(self) -> str:
        """Path and query; commas stay as they are, as the reference writes them."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote, safe=',')}" if self.query else self.path

    @property
    def is_private(self) -> bool:
        """Whether it sends a recording of somebody's own."""
        return isinstance(self.body, tuple) and any(isinstance(part, Carried) for part in self.body)

    def write_body(self) -> tuple[str, bytes | Chunks]:
        """Write the body: its content type, and its bytes; of a recording of somebody's own they come in pieces."""
        match self.body:
            case None:
                return "", b""
            case Raw(content_type, content):
                return content_type, content
            case parts:
                return (stream_form if self.is_private else write_form)(map(_make_field, parts))

    def describe_body(self) -> tuple[Part, ...] | None:
        """Describe the parts of the form; None for any other body."""
        return describe_form(map(_make_field, self.body)) if isinstance(self.body, tuple) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A request with a name, and what it is good for.

    Attributes:
        id: such as `row-07`; never another request under the same id.
        what: the rest of the name, in a few words.
        about: id of the clause that says whether it is to be accepted; empty where the documents say nothing.
        accepted: a server that keeps the contract starts a task for it, or may do so.
        needs: what the target has to be able to do; where it can't, the row is skipped.
        fresh: its task is asked for over a new connection each time.
        cookies: its task is asked for with the cookies that came with its answers; without any where it is not so.
        looks: ids of the rows, this one or earlier ones, whose tasks are asked for, in this order, before the next row is sent.
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
    def is_private(self) -> bool:
        """Whether its call is."""
        return self.call.is_private

    @property
    def name(self) -> str:
        """Name in reports and for `--only`: `row-07[2ch-4.0s,mix]`."""
        return f"{self.id}[{self.what}]"


def _make_field(part: Attached | Carried | Written) -> Field:
    if isinstance(part, Written):
        return Field(part.name, part.text.encode())
    if isinstance(part, Carried):
        return Field(part.name, part.load(), part.filename, part.made)
    return Field(part.name, make_input(part.attach), part.filename)
