from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import click

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.reports.parity import list_lines, sum_up, write_json
from diarkit_contracts.runs.parity.compare import Difference, Parity

ONE = Difference(
    row="row-01[a]", what="status", one="202", other="422 x", severity=Severity.ERROR, clause="shape.status", line=7
)
MILD = replace(ONE, what="field hint", one="absent", other="string", severity=Severity.WARNING)
PARITY = Parity(
    sides=("http://a", "http://b"),
    differences=(MILD, ONE, *(replace(MILD, row=f"row-0{number}[b]") for number in range(2, 8))),
    compared=tuple(f"row-0{number}" for number in range(1, 8)),
    left_out=(("bad-01[x]", "http://b: not sent"),),
    vacuous=(),
)


def show(parity: Any, *arguments: Any) -> list[str]:
    return click.unstyle("\n".join(list_lines(parity, *arguments))).splitlines()


def test_a_difference_is_one_line_with_all_its_rows_and_errors_come_first() -> None:
    assert show(PARITY) == [
        "A  http://a",
        "B  http://b",
        "",
        "         what        A       B       contract              rows",
        "error    status      202     422 x   shape.status, line 7  row-01",
        "warning  field hint  absent  string  shape.status, line 7  row-01, row-02, row-03, row-04 and 3 more",
        "",
        "not compared",
        "  bad-01[x]: http://b: not sent",
        "",
        "FINDINGS: 1 error, 7 warnings in 7 rows, 1 not compared",
    ]


def test_no_difference_is_a_line() -> None:
    alike = replace(PARITY, differences=(), left_out=())
    assert show(alike)[-1] == sum_up(alike) == "FINE: no differences in 7 rows"


def test_what_a_server_says_reaches_no_terminal_as_it_is() -> None:
    nasty = replace(PARITY, differences=(replace(ONE, other="\x1b[2J" + "x" * 100),))
    line = next(line for line in show(nasty) if line.startswith("error"))
    assert r"\x1b[2Jxxx" in line
    assert "... (104 characters)" in line


def test_too_little_and_no_answer_are_told() -> None:
    assert "  http://a: never seen: x" in show(replace(PARITY, vacuous=("http://a: never seen: x",)))
    assert "gone" in show(replace(PARITY, unreachable="gone"))


def test_json_has_every_row() -> None:
    report = json.loads(write_json(PARITY))
    assert (report["format"], report["version"], report["exit"]) == ("diarkit-parity", 1, 1)
    assert len(report["differences"]) == 8
    assert report["differences"][1] == {
        "row": "row-01[a]", "what": "status", "one": "202", "other": "422 x", "severity": "error",
        "clause": "shape.status", "line": 7,
    }  # fmt: skip
