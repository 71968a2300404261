"""The clauses as pytest items, and the single run against a server that they share."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from diarkit_contracts.runs.outcomes import ANSWERS, NAMES, Outcome, list_outcomes
from diarkit_contracts.target.pace import Clock, SystemClock

Made = TypeVar("Made", "Contract", "ClauseItem")

NODE = "diarization-contract"
MARK = "diarization_contract"
WAIT_S = 0.1


class ClauseError(AssertionError):
    """A clause was violated; the text has the findings."""


@dataclass(slots=True)
class Run:
    """The shared run, started for the first requested outcome.

    Attributes:
        shared: folder for sharing outcomes between processes; None for a single process.
    """

    url: str
    tier: str
    fail_on: str
    shared: Path | None
    clock: Clock = field(default_factory=SystemClock)
    _outcomes: Mapping[str, Outcome] | None = None

    def find(self, name: str) -> Outcome:
        """Return the outcome of a name."""
        if self._outcomes is None:
            self._outcomes = {each.name: each for each in self._share()}
        return self._outcomes[name]

    def _share(self) -> Iterator[Outcome]:
        if self.shared is None:
            yield from self._verify()
            return
        done = self.shared / "outcomes.json"
        try:
            os.close(os.open(self.shared / "begun", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            # Another process runs the verification, and always leaves a result.
            while not done.exists():
                self.clock.sleep(WAIT_S)
            yield from (Outcome(**one) for one in json.loads(done.read_text("utf-8")))
            return
        outcomes = list(self._verify())
        part = self.shared / "part.json"
        part.write_text(json.dumps([asdict(outcome) for outcome in outcomes]), "utf-8")
        part.rename(done)
        yield from outcomes

    def _verify(self) -> Iterator[Outcome]:
        try:
            yield from self._ask()
        except Exception as error:  # noqa: BLE001 - needed by all items and processes
            text = f"{type(error).__name__}: {error}"
            yield Outcome(ANSWERS, "error", text, text)
            yield from (Outcome(name, "skipped", "the run ended with an error") for name in NAMES if name != ANSWERS)

    def _ask(self) -> tuple[Outcome, ...]:
        from diarkit_contracts.api.evidence import Severity  # noqa: PLC0415 - collecting needs none of this
        from diarkit_contracts.commands.target_flags import Access, open_target  # noqa: PLC0415
        from diarkit_contracts.rows.plan import make_plan  # noqa: PLC0415
        from diarkit_contracts.rows.tier import Tier  # noqa: PLC0415
        from diarkit_contracts.runs.generation import ask_generation  # noqa: PLC0415
        from diarkit_contracts.runs.verify import verify_target  # noqa: PLC0415
        from diarkit_contracts.target.client import CAPS  # noqa: PLC0415

        tier = Tier(self.tier)
        with open_target(self.url, Access(), CAPS[tier]) as target:
            profile, _ = ask_generation(target)
            return list_outcomes(verify_target(make_plan(tier), target, profile), Severity(self.fail_on))


class Contract(pytest.Collector):
    """The parent node of a run's items."""

    run: Run

    def collect(self) -> list[pytest.Item | pytest.Collector]:
        """Make an item for each clause and two for the run, without sending anything."""
        return [_make_node(ClauseItem, self, self.run, name=name) for name in NAMES]


class ClauseItem(pytest.Item):
    """One clause, or one check of the run itself."""

    run: Run

    def runtest(self) -> None:
        """Report the outcome of the clause; the first item starts the run."""
        outcome = self.run.find(self.name)
        if outcome.end == "skipped":
            pytest.skip(outcome.message)
        if outcome.end != "passed":
            raise ClauseError(outcome.text)
        if outcome.text:
            self.add_report_section("call", "warnings", outcome.text)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show only the findings, without a traceback."""
        if isinstance(excinfo.value, ClauseError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[str, None, str]:
        """Name the clause for the head of a failure; pytest would convert dots of a bare name."""
        return NODE, None, f"clause {self.name}"


def make_node(session: pytest.Session, url: str, *, tier: str, fail_on: str, shared: str | None) -> Contract:
    """Make the parent node of all items, for names like `diarization-contract::task.id-echo`."""
    run = Run(url, tier, fail_on, None if shared is None else Path(shared))
    node = _make_node(Contract, session, run, name=NODE, nodeid=NODE)
    node.add_marker(MARK)  # the items inherit it
    return node


def _make_node(kind: type[Made], parent: pytest.Collector, run: Run, **more: Any) -> Made:
    # `from_parent` is untyped.
    make: Any = kind.from_parent  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    made: Made = make(parent, **more)
    made.run = run
    return made
