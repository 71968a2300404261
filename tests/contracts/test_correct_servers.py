"""Servers that keep the contract in their own way pass, whatever the documents leave open."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner
from contract_servers.correct import CORRECT
from contract_servers.fake import Fake, verify
from contract_servers.listening import Manner, listen

from diarkit_contracts.cli import verify as verify_command
from diarkit_contracts.plan import Tier
from diarkit_contracts.verdict import Exit


LEAST = 15


def name_server(correct: Any) -> str:
    return str(correct.name).replace(" ", "-")


@pytest.mark.parametrize("tier", [Tier.PROBE, Tier.LITE, Tier.FULL])
@pytest.mark.parametrize("correct", CORRECT, ids=name_server)
def test_a_correct_server_passes(correct: Any, tier: Tier) -> None:
    server, clock = correct.build()
    verdict = verify(server, clock, tier, correct.profile)
    assert {finding.clause.id for finding in verdict.findings} <= correct.warns
    assert not verdict.vacuous
    assert verdict.decide_exit() is Exit.FINE


@pytest.mark.parametrize("correct", [correct for correct in CORRECT if correct.warns], ids=name_server)
def test_what_only_differs_from_what_is_inferred_is_told_as_a_warning(correct: Any) -> None:
    server, clock = correct.build()
    verdict = verify(server, clock, Tier.FULL, correct.profile)
    assert {finding.clause.id for finding in verdict.findings} == correct.warns


def test_there_are_enough_of_them() -> None:
    assert len({correct.name for correct in CORRECT}) == len(CORRECT)
    assert len(CORRECT) + len(Manner) >= LEAST


def differ(correct: Any) -> bool:
    """Whether a server answers otherwise than the fake, exchange for exchange."""
    server, clock = correct.build()
    plain = Fake()
    ours, theirs = verify(plain, plain.clock, Tier.FULL), verify(server, clock, Tier.FULL, correct.profile)
    return [each.answer for each in ours.exchanges] != [each.answer for each in theirs.exchanges]


@pytest.mark.parametrize("correct", CORRECT[1:], ids=name_server)
def test_each_of_them_does_differ_from_the_fake(correct: Any) -> None:
    assert differ(correct)


@pytest.mark.parametrize("manner", Manner, ids=lambda manner: manner.name)
def test_http_may_be_written_in_any_way(manner: Manner) -> None:
    with listen(Fake(), manner) as url:
        ended = CliRunner().invoke(verify_command, [url, "--fail-on", "warning"])
    assert ended.exit_code == Exit.FINE, ended.output


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
