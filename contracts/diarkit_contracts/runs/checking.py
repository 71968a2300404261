"""Check exchanges of a test against the contract: silent, or one error with all findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, TypeVar

from diarkit_contracts.api.error import ContractsError
from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.profiles import AUTO, PROFILES
from diarkit_contracts.api.words import count
from diarkit_contracts.exchanges.exchange import Exchange
from diarkit_contracts.exchanges.history import find_operation
from diarkit_contracts.exchanges.recording import read_recording
from diarkit_contracts.runs.generation import find_generation
from diarkit_contracts.runs.outcomes import write_findings
from diarkit_contracts.runs.verdict import Finding
from diarkit_contracts.runs.verify import verify_recording
from diarkit_contracts.runs.watch import Watch, group_by_server

Client = TypeVar("Client")
Exchanges: TypeAlias = "Iterable[Exchange] | str | Path"
"""Exchanges, or a file of them: HAR or NDJSON."""


class ContractError(ContractsError, AssertionError):
    """The contract was violated, or nothing was observed that could be judged.

    Attributes:
        findings: the violations; empty if nothing could be judged.
    """

    def __init__(self, text: str, findings: tuple[Finding, ...] = ()) -> None:
        self.findings = findings
        super().__init__(text)


@dataclass(slots=True)
class DiarizationContract:
    """Judges the traffic of a test.

    Attributes:
        fail_on: `error`, or `warning` to fail also for differences from what is inferred.
        profile: generation of the API, such as `3.6`; `auto`: that of the version reported by each server.
    """

    fail_on: str = Severity.ERROR.value
    profile: str = AUTO
    _watch: Watch | None = field(default=None, init=False)

    def check(self, exchanges: Exchanges) -> None:
        """Judge exchanges.

        Args:
            exchanges: in the order sent, or the path of a recording; servers are judged separately.

        Raises:
            ContractError: the contract is violated, or no exchange is with the API.
        """
        __tracebackhide__ = True
        recorded = read_recording(Path(exchanges)) if isinstance(exchanges, str | Path) else tuple(exchanges)
        if not any(find_operation(exchange) is not None for exchange in recorded):
            raise ContractError(
                f"expected exchanges with the Speaker Diarization API, got {count(len(recorded), 'exchange')} and none of them is"
            )
        asked, least = PROFILES.get(self.profile), Severity(self.fail_on)
        if asked is None and self.profile != AUTO:
            raise ValueError(f"expected a profile: {', '.join((AUTO, *PROFILES))}, got {self.profile!r}")
        texts: list[str] = []
        findings: list[Finding] = []
        for server, group in group_by_server(recorded):
            profile, assumed = find_generation(group) if asked is None else (asked, "")
            verdict = verify_recording(server, group, profile)
            failing = [each for each in verdict.findings if least in {Severity.WARNING, each.severity}]
            if failing:
                findings += failing
                texts.append(
                    f"{server} violates the contract ({assumed or f'generation {profile.name}'}):\n\n{write_findings(failing, verdict)}"
                )
        if texts:
            raise ContractError("\n\n".join(texts), tuple(findings))

    def watch(self, client: Client) -> Client:
        """Record the traffic of a client from now on, to judge it at the end of the test.

        Args:
            client: a `requests.Session`, `httpx.Client` or `httpx.AsyncClient`.

        Returns:
            The same client.
        """
        if self._watch is None:
            self._watch = Watch()
        return self._watch.add(client)

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The exchanges of the watched clients so far."""
        return () if self._watch is None else self._watch.exchanges

    def close(self) -> None:
        """Stop watching, and judge the recorded exchanges once; raises like `check`."""
        __tracebackhide__ = True
        watch = self.drop()
        if watch is not None:
            self.check(watch.exchanges)

    def drop(self) -> Watch | None:
        """Stop watching without judging, as the test has failed anyway."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.release()
        return watch
