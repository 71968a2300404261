from __future__ import annotations

import logging
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.clock import SECOND
from diarkit_mockserver.commands.reload import COARSEST, ScenarioFollower
from diarkit_mockserver.scenario.load import load_scenario
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RTTM = "SPEAKER call 1 {} 1.00 <NA> <NA> Ann <NA> <NA>\n"


class Machine:
    """A machine's clock, moved by hand."""

    def __init__(self) -> None:
        self.ticks = 0

    def __call__(self) -> int:
        return self.ticks


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "scenario.yaml"
    file.write_text("seed: 1\n", "utf-8")
    return file


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def follower(file: Path, machine: Machine) -> ScenarioFollower:
    return ScenarioFollower(file, read_ticks=machine)


@pytest.fixture
def world(follower: ScenarioFollower, file: Path) -> World:
    return World(scenario=load_scenario(file))


def write_in_place(file: Path, text: str) -> None:
    file.write_text(text, "utf-8")


def replace_by_rename(file: Path, text: str) -> None:
    other = file.with_suffix(".new")
    other.write_text(text, "utf-8")
    other.replace(file)


def remove_and_create(file: Path, text: str) -> None:
    file.unlink()
    file.write_text(text, "utf-8")


def turn_a_link(file: Path, text: str) -> None:
    """As a mounted ConfigMap does it: the file is a link into a directory that is a link."""
    target = file.with_suffix(".target")
    target.write_text(text, "utf-8")
    link = file.with_suffix(".link")
    link.symlink_to(target)
    link.replace(file)


def write_with_the_same_looks(file: Path, text: str) -> None:
    """Written twice within one tick of the file system: same size, same time, same inode."""
    before = file.stat()
    file.write_text(text, "utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", [write_in_place, replace_by_rename, remove_and_create, turn_a_link])
def test_a_file_that_changes_is_followed(
    follower: ScenarioFollower, world: World, file: Path, machine: Machine, change: Callable[[Path, str], None]
) -> None:
    follower(world)
    machine.ticks += 10 * COARSEST
    follower(world)
    change(file, "seed: 2\n")
    follower(world)
    assert world.scenario == Scenario(seed=2)
    assert world.begin_again().scenario == Scenario(seed=2)


def test_a_change_that_the_system_does_not_tell_is_seen_while_it_may_happen(
    follower: ScenarioFollower, world: World, file: Path
) -> None:
    follower(world)
    write_with_the_same_looks(file, "seed: 3\n")
    follower(world)
    assert world.scenario.seed == 3


def test_a_settled_file_is_not_read_again(
    follower: ScenarioFollower, world: World, file: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    real = type(file).read_bytes
    monkeypatch.setattr(type(file), "read_bytes", lambda path: read.append(path) or real(path))
    for _ in range(3):
        follower(world)
        machine.ticks += SECOND
    machine.ticks += COARSEST
    follower(world)
    before = len(read)
    assert before > 0
    for _ in range(5):
        follower(world)
    assert len(read) == before


def test_a_file_that_is_touched_keeps_what_was_changed_by_hand(
    follower: ScenarioFollower, world: World, file: Path
) -> None:
    world.replace_scenario(Scenario(seed=9))
    os.utime(file, ns=(5, 5))
    follower(world)
    assert world.scenario.seed == 9


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("seed: x\n", "scenario.yaml:1:7: seed: expected a whole number"),
        ("seed: 2\nrulez: []\n", "scenario.yaml:2:1: unknown key 'rulez'"),
        ("seed: [", "scenario.yaml:2:1: not YAML"),
        ("", "scenario.yaml:1:1: the file is empty"),
        ("\x00", "scenario.yaml:1:1:"),
    ],
)
def test_a_bad_file_changes_nothing_and_is_named_once(
    follower: ScenarioFollower, world: World, file: Path, caplog: pytest.LogCaptureFixture, text: str, named: str
) -> None:
    caplog.set_level(logging.INFO, "diarkit")
    before = world.scenario
    write_in_place(file, text)
    for _ in range(3):
        follower(world)
    assert world.scenario is before
    assert [named in record.getMessage() for record in caplog.records] == [True, False]
    assert "is not taken" in caplog.records[1].getMessage()
    write_in_place(file, "seed: 4\n")
    follower(world)
    assert world.scenario.seed == 4


def test_another_bad_file_is_named_again(
    follower: ScenarioFollower, world: World, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for text in ("seed: x\n", "seed: y\n"):
        write_in_place(file, text)
        follower(world)
    assert len(caplog.records) == 4


def test_a_file_that_is_gone_for_a_while_changes_nothing(
    follower: ScenarioFollower, world: World, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.unlink()
    for _ in range(3):
        follower(world)
    assert (world.scenario.seed, len(caplog.records)) == (1, 2)
    write_in_place(file, "seed: 1\n")
    follower(world)
    assert world.scenario.seed == 1


def test_the_command_line_counts_before_a_new_file_too(file: Path) -> None:
    follower = ScenarioFollower(file, lambda scenario: replace(scenario, seed=77))
    world = World()
    write_in_place(file, "course: immediate\n")
    follower(world)
    assert world.scenario == Scenario(seed=77, course="immediate")


def test_rttm_files_are_followed_too(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    rttm = file.with_name("truth.rttm")
    rttm.write_text(RTTM.format("1.00"), "utf-8")
    write_in_place(file, "rules:\n- then: {rttm: truth.rttm}\n")
    follower = ScenarioFollower(file)
    world = World(scenario=load_scenario(file))

    def tell_start() -> Any:
        segments = world.scenario.rules[0].then.segments
        return None if segments is None else segments[0][0].start_time

    rttm.write_text(RTTM.format("2.00"), "utf-8")
    follower(world)
    assert tell_start() == 2
    rttm.write_text("broken\n", "utf-8")
    follower(world)
    assert tell_start() == 2
    assert "scenario.yaml:2:16: rttm:" in caplog.text
    rttm.write_text(RTTM.format("3.00"), "utf-8")
    follower(world)
    assert tell_start() == 3


def test_tasks_keep_the_answers_they_were_accepted_with_on_a_running_server(
    serve: Callable[..., Any], submit: Callable[..., Any], ask: Callable[..., Any], file: Path
) -> None:
    file.write_text("rules:\n- then: {failed: old}\ncourse: immediate\n", "utf-8")
    running = serve("--port", "0", "--scenario", str(file))
    first = submit(running.url, b"x").header("x-location")
    replace_by_rename(file, "rules:\n- then: {failed: new}\ncourse: immediate\n")
    second = submit(running.url, b"y").header("x-location")
    replace_by_rename(file, "rules: 3\n")
    third = submit(running.url, b"z").header("x-location")
    told = [ask(each).body.decode() for each in (first, second, third)]
    assert [text.count("old") + 2 * text.count("new") for text in told] == [1, 2, 2]
    assert f"{file}:1:8: rules: expected a list" in running.log.read_text("utf-8")
