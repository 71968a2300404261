"""What the hooks of schemathesis see: all that is broken, as soon as it is, and once more when it is sent again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from contract_servers.broken import BROKEN
from contract_servers.correct import CORRECT
from contract_servers.fake import verify

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.exchanges.recording import write_recording
from diarkit_contracts.runs.fuzz import hooks as fuzz_hooks
from diarkit_contracts.runs.fuzz.hooks import find_broken, read_exchange

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarkit_contracts.exchanges.exchange import Exchange

URL = "http://127.0.0.1/api/technology/speaker-diarization"

NAMES = (
    "200 for an accepted upload",
    "NaN for a time",
    "an id for two tasks",
    "running again after done",
    "a task that is lost while it runs",
    "one speaker too many counted",
    "range ignored",
    "every task known",
)


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_hooks, "_about", {})


def ask(name: str) -> tuple[tuple[Exchange, ...], set[str]]:
    """Verify a broken server; what was said, and which clauses of severity error it breaks."""
    verdict = verify(*next(broken for broken in BROKEN if broken.name == name).build())
    found = {finding.clause.id for finding in verdict.findings if finding.severity is Severity.ERROR}
    return verdict.exchanges, found


def list_told(exchanges: Iterable[Exchange]) -> list[str]:
    return [line.split(":")[0] for exchange in exchanges for line in find_broken(exchange).splitlines()]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_found_in_the_recording_was_seen_in_the_run(name: str) -> None:
    exchanges, found = ask(name)
    assert found
    assert set(list_told(exchanges)) == found


def test_nothing_is_seen_of_a_correct_server() -> None:
    exchanges = verify(*CORRECT[0].build()).exchanges
    assert list_told(exchanges) == []
    assert list_told(exchange for exchange in exchanges if b'"done"' in exchange.answer.body) == []


def test_a_broken_answer_is_broken_each_time_it_is_given() -> None:
    """Or Hypothesis, which sends it again, takes the first time for an accident."""
    exchanges, _ = ask("one speaker too many counted")
    at = next(at for at, exchange in enumerate(exchanges) if find_broken(exchange))
    told = [find_broken(exchanges[at]) for _ in range(3)]
    assert told[0].startswith("result.count-is-ids: expected ")
    assert told == [told[0]] * 3


def test_no_secret_that_was_sent_is_recorded() -> None:
    sent = requests.Request("POST", URL, headers={"Authorization": "Bearer s3cret-token"}, json={}).prepare()
    answer = {"status_code": 403, "headers": {"x-echo": ["s3cret-token"]}, "content": b'"s3cret-token"'}
    response: Any = SimpleNamespace(request=sent, elapsed=0.5, **answer)
    exchange = read_exchange(response)
    assert "s3cret" not in "".join(write_recording([exchange]))
    assert ("Authorization", "***") in exchange.request.headers
    assert exchange.answer.status == 403
    assert exchange.answer.received_at - exchange.request.sent_at == pytest.approx(0.5)
