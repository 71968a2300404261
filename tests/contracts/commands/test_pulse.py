from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.commands.pulse import BETWEEN_LINES_S, pulse, say_on
from diarkit_contracts.target.client import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable


def test_every_ten_seconds_a_line_says_how_far_the_run_is(
    make_target: Callable[..., Any], clock: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    target = make_target()
    target.poll("x")

    def wait(seconds: float) -> bool:
        clock.sleep(seconds)
        return clock.seconds > 1035

    say_on(target, wait)
    said, lines = capsys.readouterr().out, clock.slept
    assert said == ""
    assert lines == [BETWEEN_LINES_S] * 4


def test_the_lines_are_not_in_the_way_of_what_is_read_by_programs(
    make_target: Callable[..., Any], clock: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    target, waits = make_target(), iter((False, False, True))
    target.poll("x")
    clock.sleep(10)
    say_on(target, lambda _: next(waits))
    assert capsys.readouterr().err == "still running: 0 tasks, 1 request, 0.00 MB sent, 10.0 s\n" * 2


def test_it_ends_with_the_run_whatever_ends_that(
    make_target: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnreachableError), pulse(make_target()):
        raise UnreachableError("http://h", "it is gone")
    assert capsys.readouterr().err == ""
