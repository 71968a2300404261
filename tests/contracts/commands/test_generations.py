from __future__ import annotations

import pytest
from click.testing import CliRunner

from diarkit_contracts.api.points import GENERATIONS, POINTS
from diarkit_contracts.commands.generations import generations, list_changes


def run(*words: str) -> str:
    ended = CliRunner().invoke(generations, list(words))
    assert ended.exit_code == 0, ended.output
    return ended.output


@pytest.mark.parametrize("words", [(), ("--markdown",)])
def test_the_table_shows_each_point_in_each_generation(words: tuple[str, ...]) -> None:
    told = run(*words)
    assert all(point.key in told and point.about in told for point in POINTS)
    assert all(f"{cell.value} ({cell.label})" in told for point in POINTS for cell in point.cells.values())


@pytest.mark.parametrize("old", GENERATIONS)
@pytest.mark.parametrize("new", GENERATIONS)
def test_the_difference_is_that_of_the_columns(old: str, new: str) -> None:
    changed = {point.key for point in POINTS if point.cells[old].value != point.cells[new].value}
    assert {point.key for point, _, _ in list_changes(old, new)} == changed
    lines = run("diff", old, new).splitlines()
    assert (
        {line.split()[0] for line in lines[1:]} == changed if changed else lines == [f"{old} and {new} do not differ."]
    )


def test_a_client_reads_what_it_must_mind() -> None:
    told = run("diff", "3.6", "5.0", "--markdown")
    assert "| location | absent | sent (INF) | Location leads to the task" in told
    assert "cancelled is not terminal" in told
    assert "429 is no longer declared" in told
    back = run("diff", "5.0", "3.6")
    assert "Location is no longer sent" in back
    assert "state cancelled does not exist" in back


def test_a_generation_that_is_none_is_refused() -> None:
    assert CliRunner().invoke(generations, ["diff", "3.6", "9"]).exit_code == 2
