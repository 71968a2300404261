"""What was asked of a world and what it answered: a ring bounded by count and bytes. Judges nothing, and keeps no file.

Bodies are stored as they were sent, by reference: identical answers are stored once. An entry is an exchange and what its world
knows of it: what shaped the answer stands in fields, and `note` repeats it for people.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from diarkit_mockserver.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diarkit_contracts.api.states import TaskState
    from diarkit_contracts.exchanges.exchange import Loss, Part
    from diarkit_mockserver.intake.request import Headers, Request
    from diarkit_mockserver.intake.submission import Submission

MOST_ENTRIES = 10_000
MOST_BYTES = 64 << 20
"""Defaults of the ring: a long test suite's worth of exchanges in a small part of a laptop's memory."""

ENTRY_BYTES = 1_000
HEADER_BYTES = 200
HEAD_FACTOR = 3
CONFIG_FACTOR = 40
"""What an entry takes without all that a client decides on; each header as two pairs of texts; a head, whose bytes are there as sent,
decoded, and echoed in an answer; a config of nothing but small objects, decoded. Measured; an upper bound of each."""


@dataclass(
    slots=True, kw_only=True, repr=False
)  # not frozen: that would triple what it costs to make, and one is made for each poll
class Entry:
    """One exchange.

    Attributes:
        number: from 1, in the order of the answers.
        follows: number of the last answer that was given before the head of this request was there; 0 for none. Tells apart
            what came after an answer from what was already on its way, also where time stands still.
        asked_at: when the head of the request was there, in ticks of the world's clock.
        answered_at: when the answer was decided.
        connection: number of the client's connection on this server, from 1.
        request: its head.
        submission: what an upload brought, if it could be read.
        received: bytes of the request's body.
        status: of the answer; 0 if the client got no head.
        headers: of the answer, as far as they went out.
        body: of the answer, likewise.
        task_id: of the task that the exchange is about.
        state: that the client received.
        rule: that answered an upload; empty if none did.
        note: what limit, fault or mistake shaped the answer, in words.
        lost: why the client got no whole answer; None if it got one.
        faults: that the request met, by their names.
        limit: that refused it, by its key in the scenario; empty if none did.
        ignored_keys: of its config, that the platform does not know.
        ignored_parts: names of parts of its form, likewise.
        config_size: of the text that its submission's config was decoded from, in characters.
        parts: of the form that an upload brought whole, also if it was refused; None for any other body.
        secrets: that the answer may repeat, beside those of the request.
    """

    number: int
    asked_at: int
    answered_at: int
    connection: int
    request: Request
    submission: Submission | None
    received: int
    status: int
    headers: Headers
    body: bytes
    task_id: str | None
    state: TaskState | None
    rule: str
    note: str
    follows: int = 0
    lost: Loss | None = None
    faults: tuple[str, ...] = ()
    limit: str = ""
    ignored_keys: tuple[str, ...] = ()
    ignored_parts: tuple[str, ...] = ()
    config_size: int = 0
    parts: tuple[Part, ...] | None = None
    secrets: tuple[str, ...] = ()

    @property
    def weight(self) -> int:
        """How many bytes it counts for in the ring: about what it takes, and never much less."""
        head = HEAD_FACTOR * self.request.size + HEADER_BYTES * len(self.request.raw_headers)
        texts = sum(len(part.text or "") for part in self.parts) if self.parts else 0
        return ENTRY_BYTES + len(self.body) + head + texts + CONFIG_FACTOR * self.config_size

    def __repr__(self) -> str:
        return f"<Entry {self}>"

    def __str__(self) -> str:
        """Write the exchange in one line, with its second in the world's time."""
        parts = [f"{self.number}. {self.asked_at / SECOND:.3f} s", self.request.method, self.request.path]
        if self.submission is not None:
            parts.append(f"({self.submission.filename!r}, {self.submission.size} bytes)")
        parts += ["->", str(self.status) if self.status else "no answer"]
        if self.state is not None:
            parts.append(str(self.state))
        return " ".join(parts) + (f" [{self.note}]" if self.note else "")


class Keeper(Protocol):
    """Keeps what it needs of exchanges before a journal loses them."""

    def keep(self, journal: Journal) -> None:
        """Look through all that is there; some of it may have been there before."""


class Journal:
    """The last exchanges of a world.

    Args:
        most_entries: how many are stored.
        most_bytes: of all that is kept, as the entries weigh it.
    """

    __slots__ = ("_bytes", "_entries", "_known", "_most_bytes", "_most_entries", "keeper", "total")

    def __init__(self, most_entries: int = MOST_ENTRIES, most_bytes: int = MOST_BYTES) -> None:
        self.total = 0
        """Exchanges ever, also those that are no longer kept."""
        self.keeper: Keeper | None = None
        """Whoever has to know all that was here."""
        self._known = 0
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._most_entries = most_entries
        self._most_bytes = most_bytes

    def __iter__(self) -> Iterator[Entry]:
        """Go through what is kept, the oldest first."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Count what is kept."""
        return len(self._entries)

    def add(self, entry: Entry) -> Entry:
        """Keep an exchange, and return it; the oldest ones make room for it."""
        self.total += 1
        self._entries.append(entry)
        self._bytes += entry.weight
        while len(self._entries) > self._most_entries or (self._bytes > self._most_bytes and len(self._entries) > 1):
            if self.keeper is not None:
                self._hand_over(self.keeper)
            self._bytes -= self._entries.popleft().weight
        return entry

    def clear(self) -> None:
        """Forget what is kept; exchanges are numbered on."""
        if self.keeper is not None:
            self.keeper.keep(self)
        self._entries.clear()
        self._bytes = 0

    def pass_on(self, heir: Journal) -> None:
        """Let another journal go on where this one ends: what is here is lost."""
        if self.keeper is not None:
            self.keeper.keep(self)
            heir.keeper = self.keeper

    def _hand_over(self, keeper: Keeper) -> None:
        # All that is there, each time half of it is new: what lies less than half a ring apart is seen together.
        if self._known == 0:
            keeper.keep(self)
            self._known = max(1, len(self._entries) // 2)
        self._known -= 1
