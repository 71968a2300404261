"""Answers about one recording: what contradicts, what is tolerated, and what times count from."""

from __future__ import annotations

from typing import Any

import pytest

from diarkit_contracts.clauses import relations
from diarkit_contracts.clauses.catalogue import list_clauses
from diarkit_contracts.clauses.relations import list_origins
from diarkit_contracts.exchanges.exchange import Made, Relation
from diarkit_contracts.exchanges.history import read_history

CLAUSES = list_clauses(relations)

ALL = {clause.id for clause in CLAUSES}
BASE = [(0, 1.0, 3.0), (1, 4.0, 6.0), (0, 7.0, 9.0)]
RENAMED = [(1 - who, start, end) for who, start, end in BASE]
LATER = [(who, start + 2, end + 2) for who, start, end in BASE]
OTHER = [(0, 1.0, 3.0), (0, 4.0, 6.0), (0, 7.0, 9.0)]
"""One of two voices is taken for the other: a third of the speech."""

CUT = [(0, 0.5, 2.0), (1, 2.5, 4.5)]
FROM_FILE = [(1, 3.0, 4.5), (0, 5.0, 7.0)]
RANGE = {"range_from": 2.5, "range_to": 7.5}


def tell(script: Any, relation: Relation, *channels: list[Any], of: str = "a" * 64, **sent: Any) -> None:
    """Have a recording answered."""
    task_id = script.post(channels=len(channels), made=Made(of=of, relation=relation), **sent)
    script.get(task_id, channels=[script.channel(number, *said) for number, said in enumerate(channels)])


def judge(script: Any) -> set[str]:
    return ALL & set(script.findings())


BROKEN: list[tuple[str, Relation, list[list[Any]], list[list[Any]]]] = [
    ("relations.same-upload", Relation.AGAIN, [BASE], [OTHER]),
    ("relations.same-upload", Relation.AGAIN, [BASE], [[]]),
    ("relations.same-upload", Relation.AGAIN, [[]], [BASE]),
    ("relations.same-upload", Relation.AGAIN, [BASE, []], [BASE]),
    ("relations.flac", Relation.FLAC, [BASE], [LATER]),
    ("relations.swapped-channels", Relation.SWAPPED, [BASE, OTHER], [BASE, OTHER]),
    ("relations.silence-ahead", Relation.DELAYED, [BASE], [BASE]),
    ("relations.mono-twice", Relation.DOUBLED, [BASE], [BASE, OTHER]),
    ("relations.mono-twice", Relation.DOUBLED, [BASE], [BASE]),
    ("relations.max-speakers", Relation.LIMITED, [BASE], [OTHER]),
]
KEPT: list[tuple[str, Relation, list[list[Any]], list[list[Any]]]] = [
    ("relations.same-upload", Relation.AGAIN, [BASE], [RENAMED]),
    ("relations.same-upload", Relation.AGAIN, [BASE], [[(0, 1.05, 3.0), *BASE[1:]]]),
    ("relations.same-upload", Relation.AGAIN, [[]], [[]]),
    ("relations.flac", Relation.FLAC, [BASE], [BASE]),
    ("relations.swapped-channels", Relation.SWAPPED, [BASE, OTHER], [OTHER, RENAMED]),
    ("relations.silence-ahead", Relation.DELAYED, [BASE], [LATER]),
    ("relations.silence-ahead", Relation.DELAYED, [BASE], [[(w, s + 0.2, e - 0.2) for w, s, e in LATER]]),
    ("relations.mono-twice", Relation.DOUBLED, [BASE], [BASE, RENAMED]),
    ("relations.max-speakers", Relation.LIMITED, [BASE], [BASE]),
]


@pytest.mark.parametrize(("clause", "relation", "given", "made"), BROKEN)
def test_a_contradiction_is_a_warning_of_its_clause(
    script: Any, clause: str, relation: Relation, given: Any, made: Any
) -> None:
    tell(script, Relation.GIVEN, *given)
    tell(script, relation, *made)
    assert judge(script) == {clause}
    assert script.findings()[clause] == "warning"


@pytest.mark.parametrize(("clause", "relation", "given", "made"), KEPT)
def test_what_is_tolerated_is_kept(script: Any, clause: str, relation: Relation, given: Any, made: Any) -> None:
    tell(script, Relation.GIVEN, *given)
    tell(script, relation, *made)
    assert judge(script) == set()
    assert ALL & script.observed() == {clause}


def test_a_little_more_than_is_tolerated_is_not(script: Any) -> None:
    tell(script, Relation.GIVEN, BASE)
    tell(script, Relation.AGAIN, [(0, 1.07, 3.0), *BASE[1:]])
    assert judge(script) == {"relations.same-upload"}


def test_recordings_are_not_mixed_up(script: Any) -> None:
    tell(script, Relation.GIVEN, BASE)
    tell(script, Relation.AGAIN, OTHER, of="b" * 64)
    script.get(script.post(), "done", *OTHER)
    assert not ALL & script.observed()


@pytest.mark.parametrize(
    ("ranged", "cut", "is_kept", "origin"),
    [
        (FROM_FILE, CUT, True, "times of a range are relative to the beginning of the file"),
        (CUT, CUT, True, "times of a range are relative to range_from"),
        ([(0, 3.0, 7.0)], CUT, False, "what the times of a range are relative to is undecided: no recording shows it"),
        ([], [], True, "what the times of a range are relative to is undecided: no recording shows it"),
        ([], CUT, False, "what the times of a range are relative to is undecided: no recording shows it"),
    ],
)
def test_a_range_is_compared_in_both_counts(script: Any, ranged: Any, cut: Any, is_kept: bool, origin: str) -> None:
    tell(script, Relation.RANGE, ranged, query=RANGE)
    tell(script, Relation.CUT, cut)
    assert judge(script) == (set() if is_kept else {"relations.range-is-cut"})
    assert list(list_origins(read_history(script.exchanges))) == [origin]


def test_two_recordings_that_show_different_counts_settle_nothing(script: Any) -> None:
    for of, ranged in (("a", FROM_FILE), ("b", CUT)):
        tell(script, Relation.RANGE, ranged, of=of, query=RANGE)
        tell(script, Relation.CUT, CUT, of=of)
    assert list(list_origins(read_history(script.exchanges))) == [
        "what the times of a range are relative to is undecided: both were seen"
    ]


def test_nothing_is_reported_where_nobody_asked(script: Any) -> None:
    tell(script, Relation.GIVEN, BASE)
    assert list(list_origins(read_history(script.exchanges))) == []
