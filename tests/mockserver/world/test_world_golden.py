"""What clients were told, to the byte, is told again: in the same order, and in any other."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diarkit_mockserver.scenario.model import Rule, Scenario, SpokenSegment, Then
from diarkit_mockserver.scenario.when import When

if TYPE_CHECKING:
    from collections.abc import Callable

GOLDEN = Path(__file__).parent / "golden" / "answers.json"
"""What clients were told; without the file, the test of it writes it, for a person to look at."""


@dataclass(frozen=True)
class Sent:
    """One row of the golden table: what is uploaded, and how."""

    filename: str
    content: bytes = field(repr=False)
    config: str | None = None
    query: str = ""


@pytest.fixture(scope="session")
def list_requests(make_wav: Callable[..., bytes]) -> Callable[[], list[Sent]]:
    """Good and bad uploads of several files under several parameters, some of them twice."""
    short, long, stereo, silent = (
        make_wav(0.5),
        make_wav(31),
        make_wav(12, loud=(True, True)),
        make_wav(2, loud=(False,)),
    )
    sent = [
        Sent("long.wav", long),
        Sent("long.wav", long),
        Sent("other.wav", long),
        Sent("long.wav", long, '{"max_speakers": 1}'),
        Sent("long.wav", long, '{"total_speakers": 4}'),
        Sent("long.wav", long, '{"total_speakers": 4, "unknown": 1}'),
        Sent("long.wav", long, None, "range_from=3.5&range_to=17"),
        Sent("stereo.wav", stereo),
        Sent("stereo.wav", stereo, None, "channels=1"),
        Sent("stereo.wav", stereo, None, "channels=1,0"),
        Sent("stereo.wav", stereo, None, "channel_mode=mix"),
        Sent("stereo.wav", stereo, None, "channels=5"),
        Sent("short.wav", short),
        Sent("silent.wav", silent),
        Sent("text.txt", b"hello"),
        Sent("empty.wav", b""),
        Sent("failed.wav", short),
        Sent("failed.wav", short),
        Sent("busy.wav", short),
        Sent("Žaneta “1”.wav", short),
        Sent("long.wav", long, "{"),
        Sent("long.wav", long, '{"max_speakers": 0}'),
        Sent("long.wav", long, '{"max_speakers": 2, "total_speakers": 2}'),
        Sent("long.wav", long, None, "channels=a"),
        Sent("long.wav", long, None, "range_from=-1"),
    ]
    return lambda: [*sent, *sent[:6], *sent[-5:]]


RULES = (
    Rule(when=When(filename="failed.wav", occurrence=2), then=Then(failed="Second time.")),
    Rule(when=When(filename="busy.wav"), then=Then(http=507)),
    Rule(
        when=When(filename="Ž*"),
        then=Then(segments=((SpokenSegment(speaker_id=0, start_time=0, end_time=1.5),),), course="immediate"),
    ),
)


@pytest.fixture
def exchange(submit: Callable[..., Any], ask: Callable[..., Any]) -> Callable[[str, Sent], list[Any]]:
    """Upload and poll three times; everything of the answers that a client sees."""

    def run(url: str, sent: Sent) -> list[Any]:
        first = submit(url, sent.content, filename=sent.filename, config=sent.config, query=sent.query)
        answers = [first]
        location = first.header("x-location")
        if location is not None:
            location = location.removeprefix(url)
            answers += [ask(url, "GET", location) for _ in range(3)]
        return [sent.filename, sent.config, sent.query, location] + [
            [answer.status, answer.body.decode(), answer.header("x-request-id"), answer.header("x-correlation-id")]
            for answer in answers
        ]

    return run


def test_the_golden_answers_are_given_to_the_byte(
    list_requests: Callable[[], list[Sent]], start: Callable[..., Any], exchange: Callable[[str, Sent], list[Any]]
) -> None:
    server = start(Scenario(seed=42, rules=RULES))
    came = [exchange(server.url, each) for each in list_requests()]
    if not GOLDEN.exists():
        GOLDEN.write_text(json.dumps(came, ensure_ascii=False, indent=1) + "\n", "utf-8")
        pytest.fail(f"{GOLDEN} was missing and is written: look at it, and run again")
    assert came == json.loads(GOLDEN.read_text("utf-8"))


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 32))
def test_the_same_requests_in_any_order_and_in_parallel_get_the_same_answers(
    list_requests: Callable[[], list[Sent]],
    start: Callable[..., Any],
    exchange: Callable[[str, Sent], list[Any]],
    seed: int,
) -> None:
    golden = json.loads(GOLDEN.read_text("utf-8"))
    shuffled = list_requests()
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    server = start(Scenario(seed=42, rules=RULES))
    with ThreadPoolExecutor(8) as threads:
        came = list(threads.map(lambda sent: exchange(server.url, sent), shuffled))
    # How a config is written is no part of the request: of two spellings, either may come first.
    assert sorted(json.dumps([row[0], *row[2:]]) for row in came) == sorted(
        json.dumps([row[0], *row[2:]]) for row in golden
    )
