"""Each server that breaks one clause is caught by that clause."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from contract_servers.broken import BROKEN
from contract_servers.broken_relations import RELATIONS
from contract_servers.fake import Fake, verify

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.rows.plan import Tier
from diarkit_contracts.runs.verdict import Exit

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
