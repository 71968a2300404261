from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.runs.outcomes import ANSWERS, NAMES, Outcome
from diarkit_mockserver.harness.contract_items import Run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TOLD = tuple(Outcome(name, "passed", text=f"of {number}") for number, name in enumerate(NAMES))


class Waits:
    """A clock on which each wait lets the next thing happen."""

    def __init__(self, *things: Callable[[], object]) -> None:
        self.things = iter(things)
        self.waited = 0

    def now(self) -> float:
        return 0.0

    def sleep(self, _seconds: float) -> None:
        self.waited += 1
        next(self.things)()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Where runs asked; each is answered with the same outcomes."""
    urls: list[str] = []

    def ask(run: Run) -> tuple[Outcome, ...]:
        urls.append(run.url)
        return TOLD

    monkeypatch.setattr(Run, "_ask", ask)
    return urls


def make_run(shared: Path | None = None, **more: Any) -> Run:
    return Run("http://x", "lite", "error", shared, **more)


def test_the_server_is_asked_once_and_only_when_an_outcome_is_wanted(asked: list[str]) -> None:
    run = make_run()
    assert asked == []
    assert tuple(run.find(name) for name in NAMES) == TOLD
    assert asked == ["http://x"]


def test_of_processes_that_share_a_folder_the_first_asks_and_the_others_hear_the_same(
    asked: list[str], tmp_path: Path
) -> None:
    runs = [make_run(tmp_path) for _ in range(3)]
    assert [tuple(run.find(name) for name in NAMES) for run in runs] == [TOLD] * 3
    assert asked == ["http://x"]


def test_whoever_comes_while_another_asks_waits_for_its_answer(asked: list[str], tmp_path: Path) -> None:
    (tmp_path / "begun").touch()
    outcomes = json.dumps([asdict(outcome) for outcome in TOLD])
    clock = Waits(list[str], list[str], lambda: (tmp_path / "outcomes.json").write_text(outcomes, "utf-8"))
    assert make_run(tmp_path, clock=clock).find(ANSWERS) == TOLD[0]
    assert (clock.waited, asked) == (3, [])


def test_no_process_sees_half_an_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    begun, seen = threading.Event(), threading.Event()

    def ask(_: Run) -> tuple[Outcome, ...]:
        begun.set()
        assert seen.wait(60)
        return TOLD

    monkeypatch.setattr(Run, "_ask", ask)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(make_run(tmp_path).find, ANSWERS)
        assert begun.wait(60)
        assert not (tmp_path / "outcomes.json").exists()
        second = make_run(tmp_path, clock=Waits(lambda: (seen.set(), first.result(60))))
        assert second.find(ANSWERS) == first.result(60) == TOLD[0]


@pytest.mark.parametrize("shared", [True, False])
def test_an_error_of_the_run_is_heard_by_every_item(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, shared: bool
) -> None:
    def fail(_: Run) -> tuple[Outcome, ...]:
        raise RuntimeError("no room")

    monkeypatch.setattr(Run, "_ask", fail)
    for run in [make_run(tmp_path if shared else None) for _ in range(2)]:
        told = run.find(ANSWERS)
        assert (told.end, told.message, told.text) == ("error", "RuntimeError: no room", "RuntimeError: no room")
        assert {(run.find(name).end, run.find(name).message) for name in NAMES if name != ANSWERS} == {
            ("skipped", "the run ended with an error")
        }
