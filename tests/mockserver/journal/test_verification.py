from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diarkit_mockserver.clock import Clock
from diarkit_mockserver.intake.request import Request
from diarkit_mockserver.journal.journal import Entry
from diarkit_mockserver.journal.verification import Expected, Verdict, describe_verdict, verify_journal
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.scenario.when import ConfigPattern, When
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.intake.submission import Submission


def verify(world: World, expected: list[Expected]) -> Verdict:
    return verify_journal(world.journal, expected, seed=world.scenario.seed, clock=world.clock)


def write_down(world: World, submission: Submission | None, status: int = 202, note: str = "") -> None:
    world.journal.add(
        Entry(
            number=world.journal.total + 1,
            asked_at=world.clock.now(),
            answered_at=world.clock.now(),
            connection=1,
            request=Request("POST", "/x", "", [], scheme="http", server="x:1"),
            submission=submission,
            received=0,
            status=status,
            headers=(),
            body=b"",
            task_id=None,
            state=None,
            rule="",
            note=note,
        )
    )


@pytest.fixture
def world(make_submission: Callable[..., Submission]) -> World:
    """A call that was sent twice, another one, and one that was refused before anybody read it."""
    world = World("", Scenario(seed=42), Clock(frozen=True))
    write_down(world, make_submission(filename="a.wav", max_speakers=2))
    write_down(world, make_submission(filename="a.wav", max_speakers=2, sha256="b" * 64))
    world.clock.advance(1.25)
    write_down(world, make_submission(filename="b.wav"), status=503, note="by the rule")
    write_down(world, None, status=422)
    return world


@pytest.mark.parametrize(
    ("when", "times", "holds", "found"),
    [
        (When(), None, True, 3),
        (When(), 3, True, 3),
        (When(), 2, False, 3),
        (When(filename="a*"), 2, True, 2),
        (When(filename="b.wav"), None, True, 1),
        (When(filename="c.wav"), None, False, 0),
        (When(filename="c.wav"), 0, True, 0),
        (When(filename="a.wav"), 0, False, 2),
        (When(config=ConfigPattern(max_speakers=2), sha256="bbbbbbbb"), 1, True, 1),
    ],
)
def test_submissions_are_counted(world: World, when: When, times: int | None, *, holds: bool, found: int) -> None:
    verdict = verify(world, [Expected(when=when, times=times)])
    assert (verdict.holds, verdict.checks[0].holds, verdict.checks[0].found) == (holds, holds, found)


def test_a_failure_says_what_came_near_what_happened_and_where(world: World) -> None:
    expected = Expected(when=When(filename="b.wav", config=ConfigPattern(max_speakers=2)), times=2)
    assert describe_verdict(verify(world, [expected])).splitlines() == [
        "expected 2 submissions with filename='b.wav', config.max_speakers=2, found 0",
        "  exchange 3, 'b.wav', misses:",
        "    config.max_speakers: expected 2, got nothing",
        "  exchange 2, 'a.wav', misses:",
        "    filename: expected 'b.wav', got 'a.wav'",
        "  exchange 1, 'a.wav', misses:",
        "    filename: expected 'b.wav', got 'a.wav'",
        "the last exchanges:",
        "  1. 0.000 s POST /x ('a.wav', 1 bytes) -> 202",
        "  2. 0.000 s POST /x ('a.wav', 1 bytes) -> 202",
        "  3. 1.250 s POST /x ('b.wav', 1 bytes) -> 503 [by the rule]",
        "  4. 1.250 s POST /x -> 422",
        "seed 42, clock 1.250000 s, frozen",
    ]


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (None, "at least 1 submission with"),
        (1, "1 submission with"),
        (11, "11 submissions with"),
        (0, "0 submissions with"),
    ],
)
def test_one_is_no_plural_and_eleven_are(world: World, times: int | None, said: str) -> None:
    when = When(filename="a.wav" if times == 0 else "c.wav")
    assert describe_verdict(verify(world, [Expected(when=when, times=times)])).startswith(f"expected {said}")


def test_too_many_are_no_reason_to_look_for_near_ones(world: World) -> None:
    text = describe_verdict(verify(world, [Expected(when=When(filename="a.wav"), times=1)]))
    assert text.startswith("expected 1 submission with filename='a.wav', found 2\nthe last exchanges:")


def test_the_last_ten_exchanges_are_told_and_how_many_are_gone(world: World) -> None:
    world.journal.clear()
    assert "there were no exchanges\n(4 earlier ones" in describe_verdict(verify(world, [Expected()]))
    for _ in range(12):
        write_down(world, None, status=0)
    text = describe_verdict(verify(world, [Expected()]))
    assert text.count("-> no answer") == 10
    assert "\n  7. 1.250 s POST" in text
    assert "(4 earlier ones were discarded)" in text
