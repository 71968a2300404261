"""Servers that keep the contract in their own way pass, whatever the documents leave open."""

from __future__ import annotations

import json
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from contract_servers.correct import CORRECT
from contract_servers.fake import Fake, Told, verify
from contract_servers.listening import Manner, listen

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.points import POINTS, Refuses, Sends
from diarkit_contracts.api.profiles import PROFILES
from diarkit_contracts.commands.verify import verify as verify_command
from diarkit_contracts.rows.plan import Tier, make_plan
from diarkit_contracts.runs.verdict import Exit
from diarkit_contracts.runs.verify import verify_target
from diarkit_contracts.target.client import Target
from diarkit_contracts.target.transport import HttpTransport, Way
from diarkit_mockserver.scenario.course import ByPolls, PollCounts
from diarkit_mockserver.scenario.model import Rule, Scenario, Then

if TYPE_CHECKING:
    from diarkit_contracts.api.evidence import Evidence
    from diarkit_contracts.api.profiles import Profile

LEAST = 15


def name_server(correct: Any) -> str:
    return str(correct.name).replace(" ", "-")


@cache
def run(correct: Any, tier: Tier) -> Any:
    server, clock = correct.build()
    return verify(server, clock, tier, correct.profile)


@pytest.mark.parametrize("tier", [Tier.LITE, Tier.FULL])
@pytest.mark.parametrize("correct", CORRECT, ids=name_server)
def test_a_correct_server_passes(correct: Any, tier: Tier) -> None:
    verdict = run(correct, tier)
    assert {finding.clause.id for finding in verdict.findings} <= correct.warns
    assert not verdict.vacuous
    assert verdict.decide_exit() is Exit.FINE


@pytest.mark.parametrize("correct", [correct for correct in CORRECT if correct.warns], ids=name_server)
def test_what_only_differs_from_what_is_inferred_is_told_as_a_warning(correct: Any) -> None:
    verdict = run(correct, Tier.FULL)
    assert {finding.clause.id for finding in verdict.findings} == correct.warns
    assert verdict.decide_exit(Severity.WARNING) is Exit.FINDINGS


def test_there_are_enough_of_them() -> None:
    assert len({correct.name for correct in CORRECT}) == len(CORRECT) >= LEAST


@pytest.mark.parametrize("correct", CORRECT[1:], ids=name_server)
def test_each_of_them_does_differ_from_the_fake(correct: Any) -> None:
    ours, theirs = run(CORRECT[0], Tier.FULL), run(correct, Tier.FULL)
    assert [each.answer for each in ours.exchanges] != [each.answer for each in theirs.exchanges]


@pytest.mark.parametrize("manner", Manner, ids=lambda manner: manner.name)
def test_http_may_be_written_in_any_way(manner: Manner) -> None:
    with listen(Fake(), manner) as url, closing(HttpTransport(Way(url=url))) as transport:
        verdict = verify_target(make_plan(Tier.LITE), Target(url=url, transport=transport))
    assert verdict.findings == ()
    assert verdict.decide_exit() is Exit.FINE


def test_a_finding_reaches_the_shell() -> None:
    fake = Fake()

    def answer(asked: Any) -> Any:
        told = fake(asked)
        if told.state == "done":
            told.json = {**told.json, "error": {"type": "internal", "message": ""}}
        return told

    with listen(answer) as url:
        ended = CliRunner().invoke(verify_command, [url])
    assert ended.exit_code == Exit.FINDINGS, ended.output
    assert "shape.schema" in ended.output


def test_a_server_without_a_result_does_not_pass() -> None:
    fake = Fake()

    def answer(asked: Any) -> Any:
        told = fake(asked)
        if told.status == 202:
            told.status, told.body = 507, json.dumps({"type": "storage.capacity-exceeded", "message": "Full."}).encode()
        return told

    assert verify(answer, fake.clock).decide_exit() is Exit.VACUOUS


@pytest.mark.parametrize("status", [401, 407])
def test_who_is_let_in_by_no_proxy_has_seen_nothing_and_nothing_wrong(status: int) -> None:
    fake = Fake()

    def answer(_: Any) -> Any:
        return Told(status=status, headers={"content-type": "text/html"}, body=b"<html>Who are you?</html>")

    verdict = verify(answer, fake.clock, Tier.FULL)
    assert verdict.findings == ()
    assert verdict.decide_exit() is Exit.VACUOUS
    assert {each.reason.partition(":")[0] for each in verdict.inconclusive} == {str(status)}


SERVED = ("3.6", "3.7", "5.0")


def predict(own: Profile, other: Profile) -> set[tuple[str, Evidence]]:
    """The clauses that a server of one generation breaks under another, each with the cell, by the table of points alone."""
    found: set[tuple[str, Evidence]] = set()
    for point in POINTS:
        value = own[point.key]
        match point.effect:
            case Sends() if other[point.key] == "sent" and value != "sent":
                found.add(("shape.headers", other.cells[point.key].evidence))
            case Refuses(operation=operation) if isinstance(value, int) and value not in other.statuses[operation]:
                found.add(("shape.status", other.cells[other.find_status_point(operation, value) or ""].evidence))
            case _:
                pass
    return found


@pytest.mark.parametrize("other", SERVED)
@pytest.mark.parametrize("own", SERVED)
def test_a_generation_passes_its_own_and_is_found_out_by_others_as_the_table_says(own: str, other: str) -> None:
    fake = Fake(Scenario(profile=own))  # type: ignore[arg-type]  # a name of the table
    verdict = verify(fake, fake.clock, Tier.FULL, PROFILES[other])
    assert {(each.clause.id, each.evidence) for each in verdict.findings} == predict(PROFILES[own], PROFILES[other])
    assert verdict.decide_exit(Severity.WARNING) is (Exit.FINDINGS if verdict.findings else Exit.FINE)
    assert own != other or not verdict.findings


def test_the_usual_generation_is_found_out_by_the_header_and_by_the_ids_that_are_none() -> None:
    fake = Fake()
    findings = verify(fake, fake.clock, Tier.FULL, PROFILES["5.0"]).findings
    rows = {
        clause: {each.row for each in findings if each.clause.id == clause}
        for clause in ("shape.headers", "shape.status")
    }
    assert all("task-id" in row for row in rows["shape.status"])
    assert len(rows["shape.status"]) > 1 < len(rows["shape.headers"])


def test_a_course_that_cancels_keeps_the_contract_of_the_newest_generation_alone() -> None:
    course = ByPolls(polls=PollCounts(running=1, cancelled=1))
    told = Scenario(profile="5.0", rules=(Rule(then=Then(course=course), times=2),))
    fake = Fake(told)
    verdict = verify(fake, fake.clock, Tier.FULL, PROFILES["5.0"])
    assert (verdict.findings, verdict.decide_exit(Severity.WARNING)) == ((), Exit.FINE)
    assert any(b'"cancelled"' in exchange.answer.body for exchange in verdict.exchanges)
    fake = Fake(told)
    assert "shape.schema" in {each.clause.id for each in verify(fake, fake.clock, Tier.FULL).findings}
