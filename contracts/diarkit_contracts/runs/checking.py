"""Exchanges of a test held against the contract: passed in silence, or one error that says everything. Knows no test framework."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from diarkit_contracts.api.error import ContractsError
from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.profiles import AUTO, PROFILES
from diarkit_contracts.api.words import count
from diarkit_contracts.exchanges.history import find_operation
from diarkit_contracts.exchanges.recording import read_recording
from diarkit_contracts.runs.generation import find_generation
from diarkit_contracts.runs.outcomes import write_findings
from diarkit_contracts.runs.verify import verify_recording
from diarkit_contracts.runs.watch import Watch, group_by_server

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diarkit_contracts.api.profiles import Profile
    from diarkit_contracts.exchanges.exchange import Exchange
    from diarkit_contracts.runs.verdict import Finding

Client = TypeVar("Client")
Exchanges: TypeAlias = "Iterable[Exchange] | str | Path"
"""Exchanges, or a file of them: HAR or our NDJSON."""


class ContractError(ContractsError, AssertionError):
    """The contract was broken, or nothing was seen that could have broken it.

    Attributes:
        findings: what was broken; empty if nothing was seen.
    """

    def __init__(self, text: str, findings: tuple[Finding, ...] = ()) -> None:
        self.findings = findings
        super().__init__(text)


@dataclass(slots=True)
class DiarizationContract:
    """What a test holds in its hand to have traffic judged.

    Attributes:
        fail_on: `error`, or `warning` to fail also where an answer only differs from what is inferred.
        profile: generation of the API, such as `3.6`; `auto`: that of the version that each server reported.
    """

    fail_on: str = Severity.ERROR.value
    profile: str = AUTO
    _watch: Watch | None = field(default=None, init=False)

    def check(self, exchanges: Exchanges) -> None:
        """Judge exchanges.

        Args:
            exchanges: in the order in which they were sent, or the path of a recording; servers are told apart.

        Raises:
            ContractError: the contract is broken, or there is nothing in it that is about the API.
        """
        __tracebackhide__ = True
        kept = read_recording(Path(exchanges)) if isinstance(exchanges, str | Path) else tuple(exchanges)
        if not any(find_operation(exchange) is not None for exchange in kept):
            raise ContractError(
                f"expected exchanges with the Speaker Diarization API, got {count(len(kept), 'exchange')} and none of them is"
            )
        asked, least = self._read_settings()
        texts: list[str] = []
        findings: list[Finding] = []
        for server, group in group_by_server(kept):
            profile, assumed = find_generation(group) if asked is None else (asked, "")
            verdict = verify_recording(server, group, profile)
            failing = [each for each in verdict.findings if least in {Severity.WARNING, each.severity}]
            if failing:
                findings += failing
                texts.append(
                    f"{server} breaks the contract ({assumed or f'generation {profile.name}'}):\n\n{write_findings(failing, verdict)}"
                )
        if texts:
            raise ContractError("\n\n".join(texts), tuple(findings))

    def watch(self, client: Client) -> Client:
        """Keep the traffic of a client from now on; it is judged at the end of the test.

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
        """What the watched clients exchanged so far."""
        return () if self._watch is None else self._watch.exchanges

    def close(self) -> None:
        """Judge what the watched clients exchanged, once, and watch them no longer.

        Raises:
            ContractError: as `check`.
        """
        __tracebackhide__ = True
        watch = self.drop()
        if watch is not None:
            self.check(watch.exchanges)

    def drop(self) -> Watch | None:
        """Watch the clients no longer and judge nothing: the test has failed anyway."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.release()
        return watch

    def _read_settings(self) -> tuple[Profile | None, Severity]:
        if self.profile not in {AUTO, *PROFILES}:
            raise ValueError(f"expected a profile: {', '.join((AUTO, *PROFILES))}, got {self.profile!r}")
        return PROFILES.get(self.profile), Severity(self.fail_on)
