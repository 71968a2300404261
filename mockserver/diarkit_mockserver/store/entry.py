"""Serializes journal entries as tuples of plain values, which is faster than pickling dataclasses: each poll writes one."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import Final

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.exchanges.exchange import Loss
from diarkit_mockserver.intake.request import Request
from diarkit_mockserver.journal.journal import Entry
from diarkit_mockserver.store.values import pack, unpack

APART: Final = ("number", "request", "state", "lost")
PLAIN: Final = tuple(one.name for one in fields(Entry) if one.name not in APART)
HEAD: Final = ("method", "path", "query_string", "raw_headers", "scheme", "server", "host", "size", "is_trusted")

_list_plain = attrgetter(*PLAIN)
_list_head = attrgetter(*HEAD)


def pack_entry(entry: Entry) -> bytes:
    """Serialize an entry without its number, which the store assigns."""
    state, lost = entry.state and entry.state.value, entry.lost and entry.lost.value
    return pack((_list_plain(entry), _list_head(entry.request), state, lost))


def read_entry(content: bytes, number: int) -> Entry:
    """Deserialize an entry."""
    plain, head, state, lost = unpack(content)
    method, path, query, headers, *rest = head
    request = Request(method, path, query, headers, **dict(zip(HEAD[4:], rest, strict=True)))
    return Entry(
        number=number,
        request=request,
        state=None if state is None else TaskState(state),
        lost=None if lost is None else Loss(lost),
        **dict(zip(PLAIN, plain, strict=True)),
    )
