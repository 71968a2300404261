from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_contracts.api.states import TaskState
from diarkit_mockserver.intake.request import Request
from diarkit_mockserver.journal.journal import ENTRY_BYTES, MOST_ENTRIES, Entry, Journal

if TYPE_CHECKING:
    from collections.abc import Iterable


def make_entry(number: int, body: bytes = b"") -> Entry:
    return Entry(
        number=number,
        asked_at=0,
        answered_at=0,
        connection=1,
        request=Request("GET", "/", "", [], scheme="http", server="x:1"),
        submission=None,
        received=0,
        status=200,
        headers=(),
        body=body,
        task_id=None,
        state=None,
        rule="",
        note="",
    )


def test_an_entry_is_written_in_a_line() -> None:
    entry = make_entry(3, b"x" * 99)
    assert repr(entry) == "<Entry 3. 0.000 s GET / -> 200>"
    entry.status, entry.state, entry.note, entry.asked_at = 0, TaskState.DONE, "fault drip", 1_500_000
    assert str(entry) == "3. 1.500 s GET / -> no answer done [fault drip]"


def fill(journal: Journal, sizes: Iterable[int]) -> None:
    for size in sizes:
        journal.add(make_entry(journal.total + 1, b"x" * size))


def numbers(journal: Journal) -> list[int]:
    return [entry.number for entry in journal]


def test_the_last_exchanges_are_kept_in_their_order() -> None:
    journal = Journal(most_entries=3)
    fill(journal, [0] * 5)
    assert (numbers(journal), len(journal), journal.total) == ([3, 4, 5], 3, 5)


@given(st.lists(st.integers(0, 3000), max_size=40), st.integers(1, 10), st.integers(0, 20_000))
def test_neither_count_nor_bytes_are_exceeded_and_no_room_is_wasted(
    sizes: list[int], most_entries: int, most_bytes: int
) -> None:
    journal = Journal(most_entries, most_bytes)
    fill(journal, sizes)
    kept = list(journal)
    assert [entry.number for entry in kept] == list(range(len(sizes) - len(kept) + 1, len(sizes) + 1))
    assert len(kept) <= most_entries
    weights = [size + ENTRY_BYTES for size in sizes]
    # The last exchange is kept whatever it weighs.
    assert len(kept) == min(1, len(sizes)) or sum(weights[-len(kept) :]) <= most_bytes
    if len(kept) < min(most_entries, len(sizes)):
        assert sum(weights[-len(kept) - 1 :]) > most_bytes


@pytest.mark.parametrize(
    ("head", "config"),
    [
        ([(b"x", b"y" * 60_000)], ""),
        ([(b"x", b"")] * 12_000, ""),
        ([], "[" + "[]," * 300_000 + "[]]"),
        ([], "[" + "{}," * 300_000 + "{}]"),
        ([], "[" + '"ab",' * 200_000 + "0]"),
        ([], "[" + '{"":{"":0}},' * 90_000 + "0]"),
    ],
)
def test_what_a_client_decides_on_is_not_weighed_too_lightly(head: list[tuple[bytes, bytes]], config: str) -> None:
    """Decoded, as an upload is kept, against what Python says that it allocates."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    sent = [(bytes(bytearray(name)), bytes(bytearray(value))) for name, value in head]
    size = sum(len(name) + len(value) + 4 for name, value in sent)
    request = Request("GET", "/", "", sent, scheme="http", server="x:1", size=size)
    kept = request.headers, json.loads(config or "0")
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    entry = replace(make_entry(1), request=request, config_size=len(config))
    assert entry.weight >= taken
    assert entry.weight < 20 * taken
    assert kept


def test_clearing_forgets_and_counts_on() -> None:
    journal = Journal(most_bytes=3 * ENTRY_BYTES)
    fill(journal, [0] * 3)
    journal.clear()
    assert (numbers(journal), journal.total) == ([], 3)
    fill(journal, [0] * 3)
    assert numbers(journal) == [4, 5, 6]


def test_by_default_ten_thousand_small_exchanges_are_kept() -> None:
    journal = Journal()
    fill(journal, [400] * (MOST_ENTRIES + 1))
    assert len(journal) == MOST_ENTRIES
