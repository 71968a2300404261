from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from diarkit_contracts.api.profiles import DEFAULT, PROFILES
from diarkit_contracts.clauses.catalogue import USUAL
from diarkit_contracts.clauses.need import DRIVEN
from diarkit_contracts.coverage.points import (
    Source,
    Standing,
    Tally,
    add_up,
    find_kinds,
    find_met,
    list_kinds,
    list_points,
    name_answer,
)
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request, Sound, describe_field
from diarkit_contracts.exchanges.exchange import Part as Described
from diarkit_contracts.exchanges.history import read_history

if TYPE_CHECKING:
    from diarkit_contracts.exchanges.history import Start

HOST = "http://any"
POINTS = list_points()
ONE, OTHER = (point.id for point in POINTS[:2])


def ask(method: str, path: str, status: int) -> frozenset[str]:
    return find_met(read_history([Exchange(Request(method=method, url=HOST + path), Answer(status=status))]))


def test_points_are_what_other_tables_list_and_nothing_else() -> None:
    points = list_points()
    counts = Counter(point.source for point in points)
    assert counts == {
        Source.ANSWERS: sum(map(len, DEFAULT.statuses.values())),
        Source.NEEDS: len({need.id for clause in USUAL for need in clause.needs} - {DRIVEN.id}),
        Source.SENT: len(list_kinds()),
    }
    assert len({point.id for point in points}) == len(points)


@pytest.mark.parametrize("names", [("3.6",), ("5.0",), ("3.6", "5.0")])
def test_the_answers_are_those_of_the_generations_that_were_asked(names: tuple[str, ...]) -> None:
    answers = {point.id for point in list_points(frozenset(names)) if point.source is Source.ANSWERS}
    assert answers == {
        name_answer(operation, status)
        for name in names
        for operation, statuses in PROFILES[name].statuses.items()
        for status in statuses
    }


@pytest.mark.parametrize(
    ("operation", "status"), [(one, status) for one, statuses in DEFAULT.statuses.items() for status in statuses]
)
def test_an_answer_is_met_where_its_operation_gave_it(operation: str, status: int) -> None:
    method, path = operation.split()
    met = ask(method, "/prefix" + path.replace("{task_id}", "3fa85f64-5717-4562-b3fc-2c963f66afa6"), status)
    assert {point for point in met if point.startswith("answer:")} == {f"answer:{operation} {status}"}


@pytest.mark.parametrize(("method", "path"), [("GET", "/other"), ("DELETE", "/api/system/info")])
def test_what_is_no_operation_gives_no_answer(method: str, path: str) -> None:
    assert not any(point.startswith("answer:") for point in ask(method, path, 200))


def test_a_need_is_met_where_it_is_seen() -> None:
    assert "need:limited" in ask("GET", "/api/system/info", 429)
    assert "need:limited" not in ask("GET", "/api/system/info", 200)


def test_nothing_is_met_by_nothing() -> None:
    assert find_met(read_history([])) == frozenset()


@pytest.mark.parametrize(
    ("met", "behaved", "standing"),
    [((), (), Standing.NEVER), ((ONE,), (), Standing.MET), ((ONE,), (ONE,), Standing.BEHAVED)],
)
def test_a_point_stands_in_one_of_three_ways(
    met: tuple[str, ...], behaved: tuple[str, ...], standing: Standing
) -> None:
    tally = Tally(frozenset(met), frozenset(behaved))
    assert tally.find_standing(POINTS[0]) is standing
    assert (POINTS[0] in tally.list_never()) is (standing is Standing.NEVER)


def test_tallies_add_up_in_any_order_and_any_number_of_times() -> None:
    parts = (Tally(frozenset({ONE})), Tally(frozenset({ONE, OTHER}), frozenset({ONE})), Tally())
    sums = {add_up((*order, *order)) for order in permutations(parts)}
    assert sums == {Tally(frozenset({ONE, OTHER}), frozenset({ONE}))}


def test_the_share_is_of_all_points_and_what_is_no_point_does_not_count() -> None:
    assert Tally().percent == 0
    assert Tally(frozenset({ONE, "answer:GET /other 200"})).percent == pytest.approx(100 / len(POINTS))
    assert Tally(frozenset(point.id for point in POINTS)).percent == 100


def test_what_can_be_met_is_of_the_generations_that_were_asked() -> None:
    newest, usual = (Tally(generations=frozenset({name})) for name in ("5.0", "3.6"))
    assert usual.points == Tally().points == POINTS
    ids = [{point.id for point in tally.points} for tally in (newest, usual, newest | usual)]
    assert {f"{answer} 405" for answer in ("answer:GET /api/system/info", "answer:GET /api/system/status")} <= ids[
        0
    ] - ids[1]
    assert "answer:GET /api/system/info 429" in ids[1] - ids[0]
    assert ids[2] == ids[0] | ids[1]


URL = "http://any/api/technology/speaker-diarization"
FILE = Described(name="file", filename="a.wav", sound=Sound(length=300, loud=(True,)))
PLAIN = {"audio of one channel", "no config", "no channel_mode"}


def read_start(query: str = "", *parts: Described, is_body_known: bool = True) -> Start:
    request = Request(method="POST", url=f"{URL}?{query}", parts=parts or None, is_body_known=is_body_known)
    return read_history([Exchange(request, Answer(status=202))]).starts[0]


@pytest.mark.parametrize(
    ("query", "parts", "more", "less"),
    [
        ("", (FILE,), set(), set()),
        ("", (replace(FILE, filename="ľ.wav"),), {"a file name beyond ASCII"}, set()),
        ("", (replace(FILE, filename="call"),), {"a file name without a suffix"}, set()),
        ("", (replace(FILE, sound=Sound(length=79, loud=(True,))),), {"audio of less than 0.8 s"}, set()),
        ("", (replace(FILE, sound=Sound(length=80, loud=(False,))),), {"audio without speech"}, set()),
        (
            "",
            (replace(FILE, sound=Sound(length=80, loud=(True, False))),),
            {"audio of two channels", "audio with a silent channel"},
            {"audio of one channel"},
        ),
        (
            "",
            (replace(FILE, sound=Sound(length=80, loud=(True,) * 3)),),
            {"audio of more channels"},
            {"audio of one channel"},
        ),
        ("", (replace(FILE, sound=None),), set(), {"audio of one channel"}),
        ("", (FILE, describe_field("config", '{"max_speakers": 2}')), {"config with max_speakers"}, {"no config"}),
        (
            "",
            (describe_field("config", '{"total_speakers": 2}'), FILE),
            {"config with total_speakers", "config ahead of the file"},
            {"no config"},
        ),
        ("", (FILE, describe_field("config", '{"x": 2}')), {"an unknown key of config"}, {"no config"}),
        ("", (FILE, describe_field("config", "no JSON")), set(), {"no config"}),
        ("", (FILE, describe_field("note", "x")), {"an unknown part of the form"}, set()),
        ("channel_mode=mix", (FILE,), {"channel_mode mix"}, {"no channel_mode"}),
        ("channels=0,1", (FILE,), {"selected channels"}, set()),
        ("channels=1,0", (FILE,), {"channels in another order"}, set()),
        ("range_from=1", (FILE,), {"range_from"}, set()),
        ("range_to=1", (FILE,), {"range_to"}, set()),
        ("range_from=1&range_to=2", (FILE,), {"range_from and range_to"}, set()),
        ("colour=blue", (FILE,), {"an unknown query parameter"}, set()),
    ],
)
def test_an_upload_is_of_its_kinds(query: str, parts: tuple[Described, ...], more: set[str], less: set[str]) -> None:
    assert set(find_kinds(read_start(query, *parts))) == (PLAIN | more) - less


def test_what_nobody_recorded_is_of_no_kind() -> None:
    assert set(find_kinds(read_start(is_body_known=False))) == {"no channel_mode"}


def test_all_kinds_are_those_that_the_rows_send() -> None:
    kinds = list_kinds()
    assert len(kinds) == len(set(kinds)) == 23
    assert set(kinds) >= PLAIN
