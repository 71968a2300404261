"""The journal of a world: a ring buffer of exchanges, limited by count and bytes.

Bodies are stored by reference, so identical answers are stored once; uploaded files are not stored. An entry is an exchange with
what its world knows about it: fields for what shaped the answer, and `note` for people.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.exchanges.exchange import Loss, Part
from diarkit_mockserver.clock import SECOND
from diarkit_mockserver.intake.request import Headers, Request
from diarkit_mockserver.intake.submission import Submission

MOST_ENTRIES = 10_000
MOST_BYTES = 64 << 20
"""Default limits: enough for a long test suite, in a small part of a laptop's memory."""

ENTRY_BYTES = 1_000
HEADER_BYTES = 200
HEAD_FACTOR = 3
CONFIG_FACTOR = 40
"""Measured upper bounds of memory: a bare entry; a header, as two pairs of texts; a byte of a head, stored as sent, decoded, and
echoed in an answer; a character of a decoded config of small objects."""


@dataclass(slots=True, kw_only=True, repr=False)  # not frozen, which would triple the cost of creating one per poll
class Entry:
    """One exchange; a request that is being processed is one whose answer is not known yet.

    Attributes:
        number: from 1, in the order of the answers.
        follows: number of the last answer before the head of this request arrived; 0 for none. Distinguishes requests sent after an
            answer from those already on their way, even while time is frozen.
        asked_at: arrival of the request's head, in ticks of the world's clock.
        answered_at: time of the answer's decision.
        connection: number of the client's connection on this server, from 1.
        request: its head.
        submission: of an upload, if it could be read.
        received: bytes of the request's body.
        status: of the answer; 0 if the client got no head.
        headers: of the answer, as far as they were sent.
        body: of the answer, likewise.
        task_id: of the task that the exchange is about.
        state: that the client received.
        rule: that answered an upload; empty for none.
        note: the limits, faults or mistakes that shaped the answer, for people.
        lost: why the client got no complete answer; None if it got one.
        faults: names of those applied.
        limit: key of the limit that refused it; empty for none.
        ignored_keys: unknown keys of its config.
        ignored_parts: names of unknown parts of its form.
        config_size: of the text of its config, in characters.
        parts: of a completely received form, even if refused; None for other bodies.
        secrets: that the answer may repeat, in addition to those of the request.
    """

    number: int = 0
    asked_at: int = 0
    answered_at: int = 0
    connection: int = 0
    request: Request
    submission: Submission | None = None
    received: int = 0
    status: int = 0
    headers: Headers = ()
    body: bytes = b""
    task_id: str | None = None
    state: TaskState | None = None
    rule: str = ""
    note: str = ""
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
        """Its estimated memory in bytes, never much too low."""
        head = HEAD_FACTOR * self.request.size + HEADER_BYTES * len(self.request.raw_headers)
        texts = sum([len(part.text) for part in self.parts if part.text]) if self.parts else 0
        return ENTRY_BYTES + len(self.body) + head + texts + CONFIG_FACTOR * self.config_size

    def __repr__(self) -> str:
        return f"<Entry {self}>"

    def __str__(self) -> str:
        """Format the exchange in one line, with the world's time."""
        parts = [f"{self.number}. {self.asked_at / SECOND:.3f} s", self.request.method, self.request.path]
        if self.submission is not None:
            parts.append(f"({self.submission.filename!r}, {self.submission.size} bytes)")
        parts += ["->", str(self.status) if self.status else "no answer"]
        if self.state is not None:
            parts.append(str(self.state))
        return " ".join(parts) + (f" [{self.note}]" if self.note else "")


class Keeper(Protocol):
    """Evaluates exchanges before a journal discards them."""

    def keep(self, journal: Journal) -> None:
        """Evaluate all exchanges of a journal, possibly repeatedly."""


class Journal:
    """The last exchanges of a world.

    Args:
        most_entries: maximum number.
        most_bytes: maximum total weight.
    """

    __slots__ = ("_bytes", "_entries", "_known", "_most_bytes", "_most_entries", "_weights", "keeper", "total")

    def __init__(self, most_entries: int = MOST_ENTRIES, most_bytes: int = MOST_BYTES) -> None:
        self.total = 0
        """Total number of exchanges, including discarded ones."""
        self.keeper: Keeper | None = None
        """Evaluates exchanges before they are discarded."""
        self._known = 0
        self._entries: deque[Entry] = deque()
        self._weights: deque[int] = deque()
        self._bytes = 0
        self._most_entries = most_entries
        self._most_bytes = most_bytes

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over the entries, oldest first."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._entries)

    def add(self, entry: Entry) -> Entry:
        """Add an exchange, discarding the oldest ones if necessary, and return it."""
        self.total += 1
        self._entries.append(entry)
        weight = entry.weight
        self._weights.append(weight)
        self._bytes += weight
        while len(self._entries) > self._most_entries or (self._bytes > self._most_bytes and len(self._entries) > 1):
            if self.keeper is not None:
                self._hand_over(self.keeper)
            self._entries.popleft()
            self._bytes -= self._weights.popleft()
        return entry

    def clear(self) -> None:
        """Discard all entries; numbering continues."""
        if self.keeper is not None:
            self.keeper.keep(self)
        self._entries.clear()
        self._weights.clear()
        self._bytes = 0

    def pass_on(self, heir: Journal) -> None:
        """Let another journal continue the numbering; the entries here are discarded."""
        if self.keeper is not None:
            self.keeper.keep(self)
            heir.keeper = self.keeper

    def _hand_over(self, keeper: Keeper) -> None:
        # All entries, each time half of them are new, so that exchanges less than half a ring apart are evaluated together.
        if self._known == 0:
            keeper.keep(self)
            self._known = max(1, len(self._entries) // 2)
        self._known -= 1
