"""What is changed of a request that was sent before, so that the next one is another, and is right or wrong as it was."""

from __future__ import annotations

import json
import re
from random import Random
from uuid import UUID

import pytest

from diarkit_contracts.exchanges.history import START_PATH
from diarkit_contracts.rows.call import CONFIG, Attached, Call, Raw, Written
from diarkit_contracts.rows.drawn import vary_call
from diarkit_contracts.rows.mistakes import NEVER_GIVEN, get

FILE = Attached("wav:1ch:0.5s")
UPLOAD = Call(body=(FILE,))
FULL = Call(query=(("range_from", "0.1"), ("range_to", "2")), body=(FILE, Written("{}")))
OTHERS = (Call(body=Raw("text/plain", b"x")), Call(method="GET"))


def vary(call: Call, times: int = 200) -> list[Call]:
    draws = Random(3)  # noqa: S311 - no secret
    return [vary_call(call, draws) for _ in range(times)]


def list_changes(before: Call, after: Call) -> set[str]:
    """Name what is new: parameters, parts, the file's name."""
    assert (after.method, after.path) == (before.method, before.path)
    changed = {name for name, _ in set(after.query) - set(before.query)}
    changed |= {part.name for part in after.body if isinstance(part, Written) and part not in before.body}
    changed |= {"filename" for part in after.body if isinstance(part, Attached) and part not in before.body}
    assert set(before.query) <= set(after.query)
    return changed


def test_each_change_is_drawn_and_never_two_of_them() -> None:
    changes = [list_changes(UPLOAD, call) for call in vary(UPLOAD)]
    assert all(len(change) == 1 for change in changes)
    assert set().union(*changes) == {"colour", "filename", "range_from", "range_to", CONFIG}


def test_what_is_given_stays() -> None:
    assert set().union(*(list_changes(FULL, call) for call in vary(FULL))) == {"colour", "filename"}


def test_what_is_added_is_allowed() -> None:
    calls = vary(UPLOAD)
    starts, ends = (
        [float(value) for call in calls for name, value in call.query if name == which]
        for which in ("range_from", "range_to")
    )
    configs = [json.loads(part.text) for call in calls for part in call.body if isinstance(part, Written)]
    assert 0 <= min(starts) < max(starts) < 0.5 < min(ends) < max(ends) <= 6
    assert {key for config in configs for key in config} == {"max_speakers", "total_speakers"}
    assert all(len(config) == 1 and min(config.values()) >= 1 for config in configs)


@pytest.mark.parametrize("call", OTHERS, ids=["raw", "get"])
def test_what_has_no_form_has_an_unknown_parameter(call: Call) -> None:
    for other in vary(call, 20):
        assert {name for name, _ in set(other.query) - set(call.query)} == {"colour"}
        assert other.path == call.path
    assert len(set(vary(call, 20))) == 20


def test_an_unknown_parameter_is_not_piled_up() -> None:
    draws, call = Random(1), OTHERS[0]  # noqa: S311 - no secret
    for _ in range(5):
        call = vary_call(call, draws)
    assert [name for name, _ in call.query] == ["colour"]


def test_an_id_that_is_none_is_another_one_that_is_none() -> None:
    calls = vary(get("not-a-uuid"), 20)
    assert len(set(calls)) == 20
    assert all(re.fullmatch(f"{START_PATH}/not-a-uuid-[0-9a-f]+", call.path) for call in calls)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_who_never_was_is_somebody_else_who_never_was(method: str) -> None:
    calls = vary(get(NEVER_GIVEN, method), 50)
    ids = {call.path.removeprefix(f"{START_PATH}/") for call in calls}
    assert len(ids) == 50
    assert {call.method for call in calls} == {method}
    for each in ids:
        assert str(UUID(each)) == each
        assert each.startswith(NEVER_GIVEN[:24])


def test_the_same_draws_change_the_same() -> None:
    assert vary(UPLOAD) == vary(UPLOAD)
