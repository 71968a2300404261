"""Each server that breaks one clause is caught by that clause."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from contract_servers.broken import BROKEN
from contract_servers.broken_relations import RELATIONS
from contract_servers.fake import URL, Fake, SharedClock, Transport, verify

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.rows.plan import Plan, Tier, make_plan
from diarkit_contracts.runs.verdict import Exit
from diarkit_contracts.runs.verify import verify_target
from diarkit_contracts.target.client import CAPS, Target

if TYPE_CHECKING:
    from collections.abc import Callable

LEAST = 40


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name.replace(" ", "-"))
def test_the_clause_that_names_the_mistake_catches_it(
    broken: Any, record_property: Callable[[str, object], None]
) -> None:
    server, clock = broken.build()
    verdict = verify(server, clock, broken.tier)
    caught = Counter(finding.clause.id for finding in verdict.findings)
    record_property("caught", dict(caught))
    assert broken.clause in caught, f"caught by {dict(caught)}, undecided: {verdict.inconclusive}"
    severity = next(clause.severity for clause in CLAUSES if clause.id == broken.clause)
    assert verdict.decide_exit(severity) is Exit.FINDINGS


@pytest.mark.parametrize(
    "broken", [broken for broken in BROKEN if broken.tier is Tier.FULL], ids=lambda broken: broken.name
)
def test_what_is_left_to_the_full_tier_is_not_seen_by_the_short_one(broken: Any) -> None:
    server, clock = broken.build()
    assert broken.clause not in {finding.clause.id for finding in verify(server, clock).findings}


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("a task asked for twice in a row taken for another that runs", {"looks": ()}),
        ("a task that ended long ago taken for one that runs", {"looks": ()}),
        ("a node for each connection", {"fresh": False}),
        ("a cookie that leads to a node without the task", {"cookies": False}),
    ],
)
def test_what_is_asked_for_on_purpose_alone_shows_it(name: str, way: dict[str, Any]) -> None:
    plan = make_plan(Tier.FULL)
    plain = Plan(plan.name, tuple(tuple(replace(row, **way) for row in step) for step in plan.steps))
    for sent, caught in ((plan, True), (plain, False)):
        server, clock = next(broken for broken in BROKEN if broken.name == name).build()
        target = Target(url=URL, transport=Transport(server), caps=CAPS[Tier.FULL], clock=SharedClock(clock))
        assert bool(verify_target(sent, target).findings) is caught


def test_there_is_a_server_for_every_clause() -> None:
    # What `verify --audio` alone shows has its own test.
    assert {broken.clause for broken in (*BROKEN, *RELATIONS)} == {clause.id for clause in CLAUSES}


def test_every_mistake_has_its_own_name_and_there_are_enough() -> None:
    names = {broken.name for broken in BROKEN}
    assert len(names) == len(BROKEN) >= LEAST


def test_without_a_mistake_nothing_is_caught() -> None:
    fake = Fake()
    verdict = verify(fake, fake.clock, Tier.FULL)
    assert verdict.findings == ()
    assert verdict.decide_exit(Severity.WARNING) is Exit.FINE
