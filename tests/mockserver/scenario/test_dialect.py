from __future__ import annotations

import pytest

from diarkit_contracts.api.dialect import Dialect, list_set
from diarkit_contracts.api.evidence import Label
from diarkit_contracts.api.learned import SeenPoint
from diarkit_mockserver.scenario.dialect import resolve_profile
from diarkit_mockserver.scenario.load import ScenarioError, parse_scenario


def test_what_is_not_set_is_as_the_generation_has_it() -> None:
    assert resolve_profile(None, Dialect()).name == "3.6"
    assert resolve_profile("5.0", Dialect())["bad_task_id"] == 404


def test_what_was_seen_says_so_until_the_dialect_sets_another_value() -> None:
    seen = [
        SeenPoint(point=key, value=value, exchange="row-01: POST -> 202", version="5.0.1", date="2026-05-01")
        for key, value in (("bad_task_id", 422), ("version", "5.0.1"), ("location", "sent"))
    ]
    profile = resolve_profile("5.0", Dialect(bad_task_id=400, version="5.0.1"), seen)
    assert (profile["bad_task_id"], profile["version"], profile["location"]) == (400, "5.0.1", "sent")
    labels = {key: profile.cells[key].label for key in ("bad_task_id", "version", "location")}
    assert labels == {"bad_task_id": Label.UNK, "version": Label.SEEN, "location": Label.SEEN}
    assert profile.cells["version"].source == "row-01: POST -> 202, version 5.0.1, 2026-05-01"


def test_a_generation_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected a profile: 3\.6, 3\.7 or 5\.0, got '4\.0'"):
        resolve_profile("4.0", Dialect())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dialect: {bad_task_id: 500}", "bad_task_id: expected 422, 404 or 400"),
        ("dialect: {cancelled: maybe}", "cancelled: expected known or unknown"),
        ("profile: 5.0", "profile: expected 3.6, 3.7 or 5.0"),
        ("profile: '3.5'", "profile: expected 3.6, 3.7 or 5.0"),
    ],
)
def test_a_file_that_sets_what_is_none_says_what_there_is(text: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(text, source="s.yaml", directory=None)
    assert said in str(caught.value)


def test_a_file_names_generation_and_points() -> None:
    scenario = parse_scenario(
        "profile: '5.0'\ndialect: {version: 2026.1.0, bad_task_id: 400}", source="s.yaml", directory=None
    )
    assert (scenario.profile, list_set(scenario.dialect)) == ("5.0", {"version": "2026.1.0", "bad_task_id": 400})
