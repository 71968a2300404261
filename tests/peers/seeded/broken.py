"""The 32 servers of the table: the fake, each with one thing broken, taken from the broken servers of the tests or made here.

Each is told its course from outside, since some tools see a result only if it is there at the first look.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

from diarkit_contracts.exchanges.form import read_form
from diarkit_mockserver.scenario.course import ByPolls, PollCounts
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.world.world import World

SERVERS = Path(__file__).resolve().parents[2] / "contracts" / "servers"

Server: TypeAlias = Callable[[Any], Any]
"""From a request to its answer; their types are those of the tests, which no type checker finds."""
Wrap: TypeAlias = Callable[[Server], Server]


def load_servers() -> None:
    """Make the folder of the broken servers a package `contract_servers`, as the tests do."""
    spec = importlib.util.spec_from_file_location(
        "contract_servers", SERVERS / "__init__.py", submodule_search_locations=[str(SERVERS)]
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


load_servers()
breaking: Any = importlib.import_module("contract_servers.breaking")
fake: Any = importlib.import_module("contract_servers.fake")
_usual: Any = importlib.import_module("contract_servers.broken")

AT_ONCE = Scenario(course="immediate")
AFTER_THREE_LOOKS = Scenario(course=ByPolls(polls=PollCounts(pending=1, running=2)))
"""Pending, running, running, and then the end: enough looks to see a step back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A server with one thing broken.

    Attributes:
        number: in the table; 0 for the correct server.
        what: is broken.
        tested: name of the same server in the tests; empty if it is made here.
    """

    number: int
    what: str
    wrap: Wrap = lambda server: server
    world: Callable[..., World] = World
    tested: str = ""

    def build(self, scenario: Scenario) -> Server:
        """Make the server."""
        return self.wrap(fake.Fake(scenario, self.world))


def take_tested(number: int, what: str, name: str) -> Mutant:
    """Take one of the broken servers of the tests."""
    tested = next(each for each in _usual.BROKEN if each.name == name)
    return Mutant(number=number, what=what, wrap=tested.wrap, world=tested.world, tested=name)


def read_config(asked: Any) -> str | None:
    """Read the text of the part `config`, however the part is written; None for none."""
    kind = next((value for name, value in asked.headers if name.lower() == "content-type"), "")
    parts = read_form(kind, asked.body) if asked.starts else None
    return next((part.text or "" for part in parts or () if part.name == "config" and part.filename is None), None)


def parse_config(asked: Any) -> dict[str, Any] | None:
    """Decode the part `config`; None for none, or for what is no JSON object."""
    try:
        config: object = json.loads(read_config(asked) or "")
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", config) if isinstance(config, dict) else None


def is_malformed(asked: Any) -> bool:
    return read_config(asked) is not None and parse_config(asked) is None


def wants_more_than_ten(asked: Any) -> bool:
    total = (parse_config(asked) or {}).get("total_speakers")
    return isinstance(total, int) and total > 10


def has_both_limits(asked: Any) -> bool:
    return {"max_speakers", "total_speakers"} <= set(parse_config(asked) or {})


def wants_nobody(asked: Any) -> bool:
    config = parse_config(asked) or {}
    return config.get("max_speakers") == 0 and "total_speakers" not in config


def take(is_mistake: Callable[[Any], bool]) -> Wrap:
    """Take an upload with a mistake in its config as if it had none."""

    def wrap(server: Server) -> Server:
        def answer(asked: Any) -> Any:
            told = server(asked)
            return server(breaking.drop_config(asked)) if told.status == 422 and is_mistake(asked) else told

        return answer

    return wrap


def run_again(server: Server) -> Server:
    """Tell a task that was told as done as running once, and as done again from then on."""
    told_done: dict[str, int] = {}

    def answer(asked: Any) -> Any:
        told = server(asked)
        if asked.looks and told.status == 200 and told.state == "done":
            told_done[asked.path] = told_done.get(asked.path, 0) + 1
            if told_done[asked.path] == 2:
                body = told.json
                body["task"]["state"], body["result"] = "running", None
                told.json = body
        return told

    return answer


def call_results_text(asked: Any, told: Any) -> None:
    if asked.looks and told.status == 200:
        told.headers["content-type"] = "text/plain; charset=utf-8"


def add_score(channels: list[dict[str, Any]]) -> None:
    for channel in channels:
        channel["score"] = 0.5


CORRECT = Mutant(number=0, what="nothing")

MUTANTS = (
    take_tested(1, "terminal state 'finished'", "a state of its own"),
    take_tested(2, "result null when done", "done without a result"),
    take_tested(3, "end_time < start_time", "ends before starts"),
    take_tested(4, "speakers_count != distinct", "one speaker too many counted"),
    take_tested(5, "speaker_id >= count", "speakers numbered from 1"),
    take_tested(6, "GET returns other task_id", "another id in the answer"),
    take_tested(7, "X-Location missing", "no X-Location"),
    take_tested(8, "X-Location names other id", "X-Location of another task"),
    Mutant(number=9, what="done -> running", wrap=run_again),
    take_tested(10, "terminal result changes", "a result that grows"),
    Mutant(number=11, what="both max+total accepted", wrap=take(has_both_limits)),
    take_tested(12, "total_speakers not honoured", "total_speakers ignored"),
    take_tested(13, "max_speakers exceeded", "max_speakers ignored"),
    take_tested(14, "negative start_time", "a time before the beginning"),
    take_tested(15, "404 body not the envelope", "404 as a framework says it"),
    Mutant(number=16, what="400 instead of 422", wrap=breaking.change_status(422, 400)),
    Mutant(number=17, what="500 on malformed config", wrap=breaking.refuse_when(is_malformed, 500)),
    Mutant(number=18, what="200 as text/plain", wrap=breaking.change_answer(call_results_text)),
    Mutant(number=19, what="undocumented field", wrap=breaking.change_result(add_score)),
    take_tested(20, "channels ignored", "channels ignored"),
    take_tested(21, "segments beyond range_to", "range_to ignored"),
    take_tested(22, "unknown task -> 200 pending", "every task known"),
    take_tested(23, "channel_mode=mix ignored", "mix ignored"),
    take_tested(24, "segments before range_from", "range_from ignored"),
    take_tested(25, "error set on done", "done with an error"),
    take_tested(26, "rejected, error null", "rejected without an error"),
    take_tested(27, "running -> pending", "pending again after running"),
    take_tested(28, "task_id reused", "an id for two tasks"),
    take_tested(29, "POST 200 not 202", "200 for an accepted upload"),
    Mutant(number=30, what="max_speakers=0 accepted", wrap=take(wants_nobody)),
    take_tested(31, "previous task's config used", "the config of the task ahead"),
    Mutant(number=32, what="500 when total_speakers > 10", wrap=breaking.refuse_when(wants_more_than_ten, 500)),
)
"""In the order of the table."""
