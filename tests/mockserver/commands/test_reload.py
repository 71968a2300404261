"""A scenario file that changes while the server runs.

Longer than other files, as the ways to write a file, and what may stand in its place, are played here in full.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.clock import SECOND, to_ticks
from diarkit_mockserver.commands import reload
from diarkit_mockserver.commands.reload import COARSEST, REST, ScenarioFollower, read_regular
from diarkit_mockserver.scenario.load import load_scenario
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

RTTM = "SPEAKER call 1 {} 1.00 <NA> <NA> Ann <NA> <NA>\n"


class Machine:
    """A machine's clock, moved by hand."""

    def __init__(self) -> None:
        self.ticks = 0

    def __call__(self) -> int:
        return self.ticks


class Following(ScenarioFollower):
    """Looks until it wants no further look, as the server does, on the machine's clock."""

    def follow(self, world: World, machine: Machine) -> int:
        looks = 1
        while pause := self(world):
            machine.ticks += to_ticks(pause)
            looks += 1
        return looks


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "scenario.yaml"
    file.write_text("seed: 1\n", "utf-8")
    return file


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def follower(file: Path, machine: Machine) -> Following:
    return Following(file, read_ticks=machine)


@pytest.fixture
def world(follower: Following, file: Path) -> World:
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
    follower: Following, world: World, file: Path, machine: Machine, change: Callable[[Path, str], None]
) -> None:
    follower.follow(world, machine)
    machine.ticks += 10 * COARSEST
    follower.follow(world, machine)
    change(file, "seed: 2\n")
    follower.follow(world, machine)
    assert world.scenario == Scenario(seed=2)
    assert world.begin_again().scenario == Scenario(seed=2)


def test_a_change_that_the_system_does_not_tell_is_seen_while_it_may_happen(
    follower: Following, world: World, file: Path, machine: Machine
) -> None:
    follower.follow(world, machine)
    write_with_the_same_looks(file, "seed: 3\n")
    follower.follow(world, machine)
    assert world.scenario.seed == 3


def test_a_settled_file_is_not_read_again(
    follower: Following, world: World, file: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    monkeypatch.setattr(reload, "read_regular", lambda path: read.append(path) or read_regular(path))
    for _ in range(3):
        follower.follow(world, machine)
        machine.ticks += SECOND
    machine.ticks += COARSEST
    follower.follow(world, machine)
    before = len(read)
    assert before > 0
    for _ in range(5):
        follower.follow(world, machine)
    assert len(read) == before


def test_a_file_that_is_touched_keeps_what_was_changed_by_hand(
    follower: Following, world: World, file: Path, machine: Machine
) -> None:
    world.replace_scenario(Scenario(seed=9))
    os.utime(file, ns=(5, 5))
    follower.follow(world, machine)
    assert world.scenario.seed == 9


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("seed: x\n", "scenario.yaml:1:7: seed: expected a whole number"),
        ("seed: 2\nrulez: []\n", "scenario.yaml:2:1: unknown key 'rulez'"),
        ("seed: [", "scenario.yaml:2:1: not YAML"),
        ("", "scenario.yaml:1:1: the file is empty"),
        ("\x00", "scenario.yaml:1:1:"),
        ("course: {polls: {cancelled: 1}}\n", "generation 3.6 has no state cancelled"),
    ],
)
def test_a_bad_file_changes_nothing_and_is_named_once(
    follower: Following,
    world: World,
    file: Path,
    caplog: pytest.LogCaptureFixture,
    text: str,
    named: str,
    machine: Machine,
) -> None:
    caplog.set_level(logging.INFO, "diarkit")
    before = world.scenario
    write_in_place(file, text)
    for _ in range(3):
        follower.follow(world, machine)
    assert world.scenario is before
    assert [named in record.getMessage() for record in caplog.records] == [True, False]
    assert "was not loaded" in caplog.records[1].getMessage()
    write_in_place(file, "seed: 4\n")
    follower.follow(world, machine)
    assert world.scenario.seed == 4


def test_another_bad_file_is_named_again(
    follower: Following, world: World, file: Path, caplog: pytest.LogCaptureFixture, machine: Machine
) -> None:
    for text in ("seed: x\n", "seed: y\n"):
        write_in_place(file, text)
        follower.follow(world, machine)
    assert len(caplog.records) == 4


def test_a_file_that_is_gone_for_a_while_changes_nothing(
    follower: Following, world: World, file: Path, caplog: pytest.LogCaptureFixture, machine: Machine
) -> None:
    file.unlink()
    for _ in range(3):
        follower.follow(world, machine)
    assert world.scenario.seed == 1
    first, _ = (record.getMessage() for record in caplog.records)
    assert first == f"{file}: can't read it: No such file or directory"
    write_in_place(file, "seed: 1\n")
    follower.follow(world, machine)
    assert world.scenario.seed == 1


def test_what_is_new_is_taken_at_the_second_look(
    follower: Following, world: World, file: Path, machine: Machine
) -> None:
    write_in_place(file, "seed: 2\n")
    assert follower(world) == REST / SECOND
    machine.ticks += REST - 1
    assert 0 < follower(world) < 0.001
    assert world.scenario.seed == 1
    machine.ticks += 1
    assert follower(world) == 0
    assert world.scenario.seed == 2


def test_half_a_file_is_not_taken_though_it_parses(
    follower: Following, world: World, file: Path, machine: Machine
) -> None:
    write_in_place(file, "seed: 2\n")
    assert follower(world)
    machine.ticks += REST
    write_in_place(file, "seed: 2\ncourse: immediate\n")
    assert follower(world) == REST / SECOND
    assert world.scenario == Scenario(seed=1)
    follower.follow(world, machine)
    assert world.scenario == Scenario(seed=2, course="immediate")


def test_a_change_that_goes_back_is_none(follower: Following, world: World, file: Path, machine: Machine) -> None:
    write_in_place(file, "seed: 2\n")
    assert follower(world)
    write_in_place(file, "seed: 1\n")
    assert follower(world) == 0
    write_in_place(file, "seed: 2\n")
    machine.ticks += 2 * REST
    assert follower(world) == REST / SECOND


def make_pipe(file: Path) -> None:
    os.mkfifo(file)


@pytest.mark.parametrize("make", [make_pipe, Path.mkdir])
def test_what_is_no_file_changes_nothing_and_says_so(
    follower: Following,
    world: World,
    file: Path,
    machine: Machine,
    caplog: pytest.LogCaptureFixture,
    make: Callable[[Path], None],
) -> None:
    file.unlink()
    make(file)
    follower.follow(world, machine)
    follower.follow(world, machine)
    assert world.scenario.seed == 1
    assert ["expected a regular file" in record.getMessage() for record in caplog.records] == [True, False]


def test_an_rttm_file_that_is_a_pipe_is_not_waited_for(
    follower: Following, world: World, file: Path, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    os.mkfifo(file.with_name("truth.rttm"))
    write_in_place(file, "rules:\n- then: {rttm: truth.rttm}\n")
    follower.follow(world, machine)
    assert world.scenario.seed == 1
    assert "expected a regular file" in caplog.text


@pytest.mark.slow
def test_no_answer_follows_half_a_file_under_fire(
    serve: Callable[..., Any], submit: Callable[..., Any], ask: Callable[..., Any], file: Path
) -> None:
    """Each whole scenario fails tasks with two rules of the same number; half of one has the first rule alone."""

    def write(number: int) -> str:
        rules = [f"- when: {{filename: {name}.wav}}\n  then: {{failed: '{number}'}}\n" for name in "ab"]
        return f"course: immediate\nrules:\n{''.join(rules)}"

    def write_in_halves(file: Path, text: str) -> None:
        half = text.index("- when: {filename: b")
        with file.open("w", encoding="utf-8") as opened:
            opened.write(text[:half])
            opened.flush()
            for _ in range(5):
                ask(f"{running.url}/api/system/info")
            opened.write(text[half:])

    file.write_text(write(0), "utf-8")
    running = serve("--port", "0", "--scenario", str(file))
    ended = threading.Event()
    answers: list[tuple[str, str]] = []
    ways = (write_in_place, write_in_halves, replace_by_rename, remove_and_create)

    def fire() -> None:
        while not ended.is_set():
            for name in "ab":
                location = submit(running.url, b"x", filename=f"{name}.wav").header("x-location")
                answers.append((name, json.loads(ask(location).body).get("error", {}).get("message", "none")))

    with ThreadPoolExecutor(4) as pool:
        firing = [pool.submit(fire) for _ in range(3)]
        for number in range(300):
            ways[number % len(ways)](file, write(number))
            if number % 15 == 14:  # sometimes at rest
                location = submit(running.url, b"x", filename="b.wav").header("x-location")
                assert json.loads(ask(location).body)["error"]["message"] == str(number)
        ended.set()
    assert all(fired.exception() is None for fired in firing)
    assert len(answers) > 40
    assert "none" not in {message for _, message in answers}


def test_the_command_line_counts_before_a_new_file_too(file: Path, machine: Machine) -> None:
    follower = Following(file, lambda scenario: replace(scenario, seed=77), machine)
    world = World()
    write_in_place(file, "course: immediate\n")
    follower.follow(world, machine)
    assert world.scenario == Scenario(seed=77, course="immediate")


def test_rttm_files_are_followed_too(file: Path, caplog: pytest.LogCaptureFixture, machine: Machine) -> None:
    rttm = file.with_name("truth.rttm")
    rttm.write_text(RTTM.format("1.00"), "utf-8")
    write_in_place(file, "rules:\n- then: {rttm: truth.rttm}\n")
    follower = Following(file, read_ticks=machine)
    world = World(scenario=load_scenario(file))

    def tell_start() -> Any:
        segments = world.scenario.rules[0].then.segments
        return None if segments is None else segments[0][0].start_time

    rttm.write_text(RTTM.format("2.00"), "utf-8")
    follower.follow(world, machine)
    assert tell_start() == 2
    rttm.write_text("broken\n", "utf-8")
    follower.follow(world, machine)
    assert tell_start() == 2
    assert "scenario.yaml:2:16: rttm:" in caplog.text
    rttm.write_text(RTTM.format("3.00"), "utf-8")
    follower.follow(world, machine)
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
