from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from diarkit_mockserver.commands.scenario import scenario

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


def run(*arguments: object) -> Result:
    return CliRunner().invoke(scenario, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "no rules, seed 0, course by polls (0 pending, 1 running)"),
        ("seed: 7\nrules: [{then: {}}]", "1 rule, seed 7, course by polls (0 pending, 1 running)"),
        ("course: manual\nrules: [{then: {}, times: 1}, {then: {}}]", "2 rules, seed 0, course manual"),
        (
            "tasks: [{id: 123e4567-e89b-12d3-a456-426614174000}]",
            "no rules, 1 task, seed 0, course by polls (0 pending, 1 running)",
        ),
        (
            "limits: {queue_length: 3, rate: {requests: 2, seconds: 60}}\nfaults: [{http: 503}, {task: stuck}]\nprofile: '5.0'",
            (
                "no rules, 2 faults, seed 0, course by polls (0 pending, 1 running), "
                'limits: {rate: {requests: 2, seconds: 60}, queue_length: 3}, profile: "5.0"'
            ),
        ),
        (
            "dialect: {vary: Accept, server: x}\nseen: [{point: vary, value: Accept, exchange: x, version: '1', date: '2026-01-01'}]",
            "no rules, seed 0, course by polls (0 pending, 1 running), 1 point of a platform",
        ),
        ("faults: [{http: 503}]", "no rules, 1 fault, seed 0, course by polls (0 pending, 1 running)"),
        ("media: {channels: 2}", "no rules, seed 0, course by polls (0 pending, 1 running), media: {channels: 2}"),
        ("course: {seconds: {running: 2.5}}", "no rules, seed 0, course by seconds (0 pending, 2.5 running)"),
        ("course: {realtime_factor: 60}", "no rules, seed 0, course 60 times real time (1 worker)"),
        ("course: {realtime_factor: 0.5, workers: 3}", "no rules, seed 0, course 0.5 times real time (3 workers)"),
    ],
)
def test_check_says_what_a_file_holds(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)
    result = run("check", file)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{file}: {said}\n", "")


def test_check_names_rules_that_can_not_be_reached_and_they_are_no_error(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("rules: [{then: {}}, {when: {filename: a.wav}, then: {failed: x}}]")
    result = run("check", file)
    assert (result.exit_code, result.stdout.partition(": ")[2][:7]) == (0, "2 rules")
    reason = "rule 1 (any submission) comes first and matches everything that it does"
    assert result.stderr == f"{file}: rule 2 (filename='a.wav') can't be reached: {reason}\n"


def test_check_names_a_bounded_number_of_them(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("rules: [" + "{then: {}}," * 100 + "]")
    lines = run("check", file).stderr.splitlines()
    assert len(lines) == 21
    assert lines[-1] == f"{file}: 79 more can't be reached"


def test_check_says_all_that_is_wrong_and_exits_with_1(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("sed: 1\nrules: 2\n")
    result = run("check", file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert [line.partition(": ")[0] for line in result.stderr.splitlines()] == [f"{file}:1:1", f"{file}:2:8"]


def test_check_looks_at_each_file_whatever_the_others_are(tmp_path: Path) -> None:
    good, bad, none = (tmp_path / name for name in ("good.yaml", "bad.yaml", "none.yaml"))
    good.write_text("{}")
    bad.write_text("")
    result = run("check", bad, none, good)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{good}: no rules")
    assert result.stderr == f"{bad}:1:1: the file is empty\n{none}: can't read it: No such file or directory\n"


def test_check_without_a_file_is_a_wrong_call() -> None:
    result = run("check")
    assert result.exit_code == 2
    assert "FILE..." in result.stderr


def test_schema_is_printed_as_json() -> None:
    result = run("schema")
    assert result.exit_code == 0
    Draft202012Validator.check_schema(json.loads(result.stdout))


@pytest.mark.parametrize(
    ("text", "code", "said"), [("seed: 7", 0, "-: no rules, seed 7"), ("seed: x", 1, "-:1:7: seed: ")]
)
def test_check_reads_standard_input(text: str, code: int, said: str) -> None:
    result = CliRunner().invoke(scenario, ["check", "-"], input=text)
    assert (result.exit_code, result.output[: len(said)]) == (code, said)
