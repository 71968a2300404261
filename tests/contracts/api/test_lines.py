from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diarkit_contracts.api.document import DOCUMENT
from diarkit_contracts.api.lines import FIELDS, find_line, find_line_of_field
from diarkit_contracts.clauses.catalogue import CLAUSES

if TYPE_CHECKING:
    from diarkit_contracts.clauses.clause import Clause

LINES = DOCUMENT.read_text("utf-8").splitlines()


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.id)
def test_the_place_of_each_clause_is_in_the_document(clause: Clause) -> None:
    key = clause.place.rpartition("/")[2]
    assert LINES[find_line(clause.place) - 1].strip().partition(":")[0] == key


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("result.channels[].segments[].speaker_id", "    SpeakerDiarizationSegment:"),
        ("result.channels[].speakers_count", "    SpeakerDiarizationChannel:"),
        ("task.state", "    TaskInfo:"),
        ("error.type", "    TaskErrorResult:"),
        ("message", "    ErrorResult:"),
        ("", "    ErrorResult:"),
    ],
)
def test_a_field_leads_to_its_schema(field: str, line: str) -> None:
    assert LINES[find_line_of_field(field) - 1] == line


def test_every_beginning_of_a_field_is_reached() -> None:
    assert {find_line_of_field(start + "x" if start else "") for start in FIELDS} == set(
        map(find_line_of_field, FIELDS)
    )
