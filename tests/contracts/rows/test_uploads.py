from __future__ import annotations

import json
from itertools import combinations, pairwise, product

import pytest

from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.rows.call import Attached, Written
from diarkit_contracts.rows.plan import make_plan
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.rows.uploads import CHOSEN, FACTORS, Choice, make_uploads, write_config

ROWS = make_uploads()


def test_the_names_of_rows_stay() -> None:
    names = [row.name for row in ROWS]
    assert names[:11] == [
        "row-01[2ch-4.0s]",
        "row-02[1ch-6.0s,total=3,name-beyond-ascii]",
        "row-03[2ch-4.0s,in-turn,mix,0.4-3.6]",
        "row-04[3ch-2.0s,max=1,channels=2+0,config-first,unknown-key]",
        "row-05[1ch-0.5s,total=12,split]",
        "row-99[2ch-4.0s,swapped,as-requests]",
        "row-112[2ch-4.0s,speakers=2+0,mu-law,max=3,1.0-,unknown-part]",
        "row-100[2ch-4.0s,swapped,max=2,channels=1,as-dotnet]",
        "row-101[1ch-40.0s,late,mu-law,max=3,-39,config-first,as-requests]",
        "row-07[junk]",
        "row-06[2ch-3.0s,speakers=2+0,1.0-,unknown-part]",
    ]
    assert names[11] == "row-08[1ch-6.0s,split,channels=0,0.4-,config-first,unknown-key,no-suffix]"
    assert names[40:43] == ["row-37[1ch-6.0s,0.4-,unknown-part]", "row-79[2ch-4.0s,max=5]", "row-83[2ch-4.0s,max=1]"]
    assert len({row.id for row in ROWS}) == len({row.name for row in ROWS}) == len(ROWS) == 68


def test_two_rows_never_send_the_same() -> None:
    sent = [(row.call.target, row.call.write_body()) for row in ROWS]
    assert len(set(sent)) == len(sent)


@pytest.mark.parametrize(("one", "other"), list(combinations(["config", "mode", "channels", "unknown", "filename"], 2)))
def test_any_two_values_meet_in_a_row(one: str, other: str) -> None:
    met = {(_values(row.call)[one], _values(row.call)[other]) for row in ROWS}
    assert met >= set(product(FACTORS[one], FACTORS[other]))


def _values(call: object) -> dict[str, str]:
    """Read back from a call what was chosen for it."""
    query = dict(call.query)  # type: ignore[attr-defined]
    files = [part for part in call.body if isinstance(part, Attached)]  # type: ignore[attr-defined]
    texts = {part.name: part.text for part in call.body if isinstance(part, Written)}  # type: ignore[attr-defined]
    config = json.loads(texts.get("config", "{}"))
    limits = [f"{key[:-9]}={value}" for key, value in config.items() if key in {"max_speakers", "total_speakers"}]
    channels = query.get("channels", "")
    return {
        "config": limits[0] if limits else "",
        "mode": query.get("channel_mode", ""),
        "channels": "back" if "," in channels else "last" if channels else "",
        "unknown": "key"
        if "language" in config
        else "parameter"
        if "colour" in query
        else "part"
        if "note" in texts
        else "",
        "filename": files[0].filename,
    }


def test_neighbours_of_a_short_run_differ_in_config() -> None:
    configs = [choice.config for choice in CHOSEN]
    assert all(one != other for one, other in pairwise(configs))


def test_a_config_has_what_was_chosen_and_unknown_keys_beside_it() -> None:
    assert write_config(Choice()) is None
    assert json.loads(write_config(Choice(config="total=3")) or "") == {"total_speakers": 3}
    assert json.loads(write_config(Choice(config="max=1", unknown="key")) or "") == {"max_speakers": 1, "MAX_SPEAKERS": 1, "language": "en"}  # fmt: skip


@pytest.mark.parametrize(
    ("row", "about"),
    [
        ("row-01", "acceptance.upload"),
        ("row-04", "acceptance.unknown-is-ignored"),
        ("row-07", "acceptance.upload"),
        ("row-90", "refusal.empty-file"),
        ("row-91", "acceptance.upload"),
    ],
)
def test_a_row_names_the_clause_that_says_whether_it_is_accepted(row: str, about: str) -> None:
    assert {each.about for each in ROWS if each.id == row} == {about}
    assert {each.about for each in ROWS} <= {clause.id for clause in CLAUSES}


def test_looks_are_for_tasks_that_were_sent_by_then_and_more_than_one_runs() -> None:
    steps = [step for step in make_plan(Tier.FULL).steps if any(row.looks for row in step)]
    before = [row.id for row in make_plan(Tier.FULL).rows]
    for step in steps:
        for row in step:
            assert all(before.index(other) <= before.index(row.id) for other in row.looks)
    assert any({row.id for row in step} <= set(row.looks) for step in steps for row in step if len(step) == 2)
    assert any(set(row.looks) - {row.id for row in step} for step in steps for row in step)


def test_tasks_are_asked_for_over_fresh_connections_first_without_and_then_with_cookies() -> None:
    kinds = [(row.fresh, row.cookies) for row in make_plan(Tier.FULL).rows if row.fresh or row.cookies]
    assert kinds == [(True, False)] * 3 + [(True, True)] * 3
