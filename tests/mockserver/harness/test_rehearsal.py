"""Suites of small clients rehearsed: each depends on one change, or has known blind spots, and just that is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diarkit_contracts.api.dialect import list_set
from diarkit_contracts.api.points import POINTS
from diarkit_mockserver.harness.rehearsal import (
    Ended,
    RehearsalError,
    Variant,
    Verdict,
    describe_mutations,
    describe_upgrade,
    judge_runs,
    list_mutations,
    list_upgrade,
    rate_mutations,
    run_variants,
)
from diarkit_mockserver.scenario.model import Scenario

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

UPGRADE = """
import pytest
import requests

FILE = {"file": ("a.wav", b"RIFF")}


@pytest.fixture
def document(diarization_server):
    return requests.get(f"{diarization_server.url}/openapi.json").json()


def list_statuses(document, method):
    return {status for path in document["paths"].values() for status in path.get(method, {}).get("responses", ())}


def test_a_client_that_knows_one_version(diarization_server):
    assert requests.get(f"{diarization_server.url}/api/system/info").json()["version"].startswith("3.6")


def test_a_client_that_takes_location_for_a_redirect(diarization_server):
    accepted = requests.post(diarization_server.endpoint, files=FILE)
    if "location" in accepted.headers:
        raise RuntimeError("redirected")


def test_a_client_that_polls_x_location(diarization_server):
    accepted = requests.post(diarization_server.endpoint, files=FILE)
    assert requests.get(accepted.headers["x-location"]).status_code == 200


def test_a_client_that_takes_404_for_a_task_that_is_over(diarization_server):
    assert requests.get(f"{diarization_server.endpoint}/no-id").status_code == 422


def test_a_client_that_waits_where_429_is_documented(diarization_server, document):
    diarization_server.respond(http=429)
    accepted = requests.post(diarization_server.endpoint, files=FILE)
    if accepted.status_code == 429 and "429" in list_statuses(document, "post"):
        accepted = requests.post(diarization_server.endpoint, files=FILE)
    assert accepted.status_code == 202


def test_a_client_whose_states_are_those_of_the_document(diarization_server, document):
    known = {"pending", "running", "rejected", "failed", "done"}
    assert set(document["components"]["schemas"]["TaskInfoState"]["enum"]) == known


def test_a_client_without_a_word_for_405(diarization_server, document):
    words = {"202", "400", "403", "413", "422", "429", "507"}
    assert list_statuses(document, "post") <= words


def test_a_client_that_depends_on_nothing(diarization_server):
    task = requests.post(diarization_server.endpoint, files=FILE).json()["task"]["task_id"]
    assert requests.get(f"{diarization_server.endpoint}/{task}").json()["task"]["state"] in ("done", "rejected")
"""

BROKEN_BY = {
    "version": "knows_one_version",
    "location": "takes_location_for_a_redirect",
    "x_location": "polls_x_location",
    "bad_task_id": "takes_404_for_a_task_that_is_over",
    "rate_limit": "waits_where_429_is_documented",
    "cancelled": "whose_states_are_those_of_the_document",
    "method": "without_a_word_for_405",
    "get_validation": "",
}
"""The client that each change breaks; none depends on the last."""

BLIND = '''
import requests

FILE = {"file": ("a.wav", b"RIFF")}


def finish(server):
    server.respond(segments=[[(0, 0.0, 1.0), (1, 1.5, 2.5), (0, 3.0, 4.0)]])
    accepted = requests.post(server.endpoint, files=FILE, timeout=5)
    accepted.raise_for_status()
    answer = requests.get(f"{server.endpoint}/{accepted.json()['task']['task_id']}", timeout=5)
    answer.raise_for_status()
    return answer.json()


def test_counts(diarization_server):
    """A client that believes the count."""
    (channel,) = finish(diarization_server)["result"]["channels"]
    assert channel["speakers_count"] == 2


def test_times(diarization_server):
    """A client that looks at the times of each segment alone."""
    (channel,) = finish(diarization_server)["result"]["channels"]
    for segment in channel["segments"]:
        if not 0 <= segment["start_time"] < segment["end_time"]:
            raise RuntimeError("no such time")


def test_state(diarization_server):
    """A client that asks for nothing but the state."""
    assert finish(diarization_server)["task"]["state"] == "done"
'''

BELIEVED = {
    "test_counts": {
        "beyond_audio", "end_before_start", "negative_time", "overlap", "unsorted", "id_gap", "channel_missing", "error_on_done", "unknown_state",
    },
    "test_times": {"beyond_audio", "count_wrong", "overlap", "unsorted", "id_gap", "channel_missing", "error_on_done", "unknown_state"},
    "test_state": {
        "beyond_audio", "count_wrong", "end_before_start", "negative_time", "overlap", "unsorted", "id_gap", "channel_missing", "null_result",
        "error_on_done",
    },
}  # fmt: skip
"""The blind spots of each client among broken results."""


@pytest.fixture
def arguments(monkeypatch: pytest.MonkeyPatch) -> Sequence[str]:
    """Leave out the plugins of others, whose start takes longer than all the tests."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    return ("-p", "diarkit_mockserver.harness.plugin", "-q")


def rehearse(variants: Sequence[Variant], arguments: Sequence[str], folder: Path) -> dict[str, Verdict]:
    _, usual = next(runs := run_variants([Variant("", Scenario(profile="3.6")), *variants], arguments, folder))
    assert {end.how for end in usual.values()} == {"passed"}
    return {verdict.name: verdict for verdict in judge_runs(usual, runs)}


@pytest.mark.slow
def test_each_client_that_depends_on_a_change_is_named_by_just_that_point(
    arguments: Sequence[str], tmp_path: Path
) -> None:
    (tmp_path / "test_clients.py").write_text(UPGRADE)
    verdicts = rehearse(list_upgrade("3.6", "5.0"), arguments, tmp_path)
    whole = verdicts.pop("5.0")
    assert {name: verdict.broken for name, verdict in verdicts.items()} == {
        name: ((f"test_clients.py::test_a_client_that_{client}",) if client.startswith(("knows", "takes", "polls", "waits")) else
               (f"test_clients.py::test_a_client_{client}",) if client else ())
        for name, client in BROKEN_BY.items()
    }  # fmt: skip
    assert len(whole.broken) == len(BROKEN_BY) - 2  # both headers come: nobody sees who depends on X-Location


@pytest.mark.slow
def test_the_blind_spots_of_each_client_are_just_those(arguments: Sequence[str], tmp_path: Path) -> None:
    (tmp_path / "test_clients.py").write_text(BLIND)
    verdicts = rehearse(list_mutations(["result"]), arguments, tmp_path)
    believed = {
        test: {
            name.removeprefix("result:")
            for name, each in verdicts.items()
            if f"test_clients.py::{test}" in each.believed
        }
        for test in BELIEVED
    }
    assert believed == BELIEVED
    crashed = {(name, test) for name, each in verdicts.items() for test in each.crashed}
    assert crashed == {("result:null_result", f"test_clients.py::{test}") for test in ("test_counts", "test_times")}


def test_one_breakage_is_noticed_believed_and_hung_upon(arguments: Sequence[str], tmp_path: Path) -> None:
    (tmp_path / "test_clients.py").write_text(BLIND)
    verdicts = rehearse(list_mutations(["result:count_wrong"]), arguments, tmp_path)
    verdict = verdicts["result:count_wrong"]
    assert verdict.noticed == ("test_clients.py::test_counts",)
    assert verdict.believed == ("test_clients.py::test_times", "test_clients.py::test_state")


def test_a_run_that_does_not_come_to_its_end_is_an_error(arguments: Sequence[str], tmp_path: Path) -> None:
    (tmp_path / "test_clients.py").write_text("import no_such_module")
    with pytest.raises(RehearsalError, match="no_such_module"):
        list(run_variants([Variant("", Scenario())], arguments, tmp_path))


def test_a_variant_changes_one_point_or_all_of_them() -> None:
    variants = {variant.name: variant for variant in list_upgrade("3.6", "5.0")}
    differ = {point.key for point in POINTS if point.cells["3.6"].value != point.cells["5.0"].value}
    assert set(variants) == {*differ, "x_location", "5.0"}
    assert all(set(list_set(variants[key].base.dialect)) == {key} for key in differ)
    assert list_set(variants["x_location"].base.dialect) == {"location": "sent", "x_location": "absent"}
    assert [variant.name for variant in list_upgrade("3.6", "3.7")] == ["version", "location", "x_location", "3.7"]


def test_there_is_a_variant_for_each_named_breakage() -> None:
    names = [variant.name for variant in list_mutations()]
    assert len(names) == len(set(names)) == 25
    assert {"result:overlap", "task:stuck", "body:html", "connection:close_in_body", "http:429"} <= set(names)
    assert [variant.name for variant in list_mutations(["task", "body:empty"])] == [
        "task:stuck",
        "task:lost",
        "body:empty",
    ]


PASSED, FAILED, CRASHED, HUNG = (Ended(how, met=True) for how in ("passed", "failed", "crashed", "hung"))


def test_only_tests_that_pass_with_nothing_changed_are_judged_and_only_what_was_met_is_believed() -> None:
    usual = dict.fromkeys("abcde", PASSED) | {"f": FAILED}
    run = {"a": PASSED, "b": FAILED, "c": CRASHED, "d": HUNG, "e": Ended("passed"), "f": FAILED, "new": FAILED}
    (verdict,) = judge_runs(usual, [(Variant("x", Scenario()), run)])
    assert verdict == Verdict(name="x", noticed=("b",), crashed=("c", "d"), believed=("a",))


def test_what_another_point_breaks_is_not_counted_twice() -> None:
    variants = [(Variant("location", Scenario()), {"a": FAILED, "b": PASSED})]
    variants.append((Variant("x_location", Scenario(), ("location",)), {"a": FAILED, "b": FAILED}))
    assert [each.broken for each in judge_runs({"a": PASSED, "b": PASSED}, variants)] == [("a",), ("b",)]


def test_the_tables_say_what_breaks_and_what_is_believed() -> None:
    upgrade = [
        Verdict(name="version", noticed=("a",)),
        Verdict(name="location"),
        Verdict(name="5.0", noticed=("a", "b")),
    ]
    told = "\n".join(describe_upgrade(upgrade))
    assert "version   breaks 1: version that GET /api/system/info reports\n            a\n" in told
    assert "location  breaks nothing" in told
    assert told.endswith("by several points together: b")
    mutations = [Verdict(name="x", noticed=("a",)), Verdict(name="y", believed=("a",)), Verdict(name="z")]
    assert rate_mutations(mutations) == 50
    assert rate_mutations([Verdict(name="z")]) == 0
    lines = list(describe_mutations(mutations))
    assert [line.split()[:2] for line in lines[1:]] == [
        ["x", "noticed"],
        ["y", "believed"],
        ["believed", "by"],
        ["z", "not"],
        ["1", "of"],
    ]
    assert lines[-1] == "1 of 2 applied breakages are noticed by a test: 50 %"
