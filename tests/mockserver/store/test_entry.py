"""An exchange as bytes and back."""

from __future__ import annotations

from dataclasses import fields

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.exchanges.exchange import Loss, Part
from diarkit_mockserver.intake.request import read_request
from diarkit_mockserver.intake.submission import MediaFacts, Submission
from diarkit_mockserver.journal.journal import Entry
from diarkit_mockserver.store.entry import HEAD, pack_entry, read_entry


def test_an_exchange_is_read_as_it_was_written_with_the_number_that_it_got() -> None:
    request = read_request(
        "POST", b"/a%20b?q=1", [(b"host", b"h")], scheme="https", server="s:1", size=9, is_trusted=False
    )
    submission = Submission(filename="a.wav", sha256="0" * 64, size=3, media=MediaFacts(kind="wav"))
    entry = Entry(
        number=1,
        asked_at=5,
        answered_at=6,
        connection=7,
        request=request,
        submission=submission,
        received=10,
        status=202,
        headers=((b"a", b"b"),),
        body=b"{}",
        task_id="t",
        state=TaskState.PENDING,
        rule="any",
        note="n",
        follows=4,
        lost=Loss.CUT,
        parts=(Part(name="file"),),
    )
    read = read_entry(pack_entry(entry), 12)
    assert [getattr(read.request, name) for name in HEAD] == [getattr(request, name) for name in HEAD]
    for field in fields(Entry):
        if field.name not in {"number", "request"}:
            assert getattr(read, field.name) == getattr(entry, field.name), field.name
    assert read.number == 12
    assert isinstance(read.state, TaskState)
