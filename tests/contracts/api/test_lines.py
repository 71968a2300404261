from __future__ import annotations

import pytest

from diarkit_contracts.api.document import DOCUMENT
from diarkit_contracts.api.lines import FIELDS, PLACES, find_line, find_line_of_field
from diarkit_contracts.clauses.catalogue import CLAUSES

LINES = DOCUMENT.read_text("utf-8").splitlines()


@pytest.mark.parametrize("clause", PLACES)
def test_each_place_is_in_the_document(clause: str) -> None:
    key = PLACES[clause].rstrip("/").rpartition("/")[2]
    assert LINES[find_line(clause) - 1].strip().partition(":")[0].endswith(key)


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.id)
def test_each_clause_has_a_place_of_its_own_or_of_its_family(clause: object) -> None:
    family = clause.id.partition(".")[0]  # type: ignore[attr-defined]
    assert {clause.id, family} & set(PLACES)  # type: ignore[attr-defined]


def test_each_id_of_the_table_is_a_clause_or_a_family() -> None:
    ids = {clause.id for clause in CLAUSES}
    assert set(PLACES) <= ids | {each.partition(".")[0] for each in ids} | {""}


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
