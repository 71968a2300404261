"""Collect a proxy's exchanges with the live platform, to judge them and to save a scenario after each task."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Final

from diarkit_contracts.runs.record import RecordError
from diarkit_fixtures.texts.write import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from diarkit_contracts.api.profiles import Profile
    from diarkit_contracts.exchanges.exchange import Exchange
    from diarkit_contracts.runs.verdict import RunVerdict
    from diarkit_mockserver.forward.findings import Findings
    from diarkit_mockserver.forward.recorder import Recorder

MOST_EXCHANGES: Final = 10_000
MOST_BYTES: Final = 64 << 20
"""Limits as in a world's journal."""

log = logging.getLogger("diarkit")


class Witness:
    """Collects exchanges."""

    def __init__(self, recorder: Recorder, path: Path | None = None, findings: Findings | None = None) -> None:
        self._recorder = recorder
        self._path = path
        self._findings = findings
        self._exchanges: deque[Exchange] = deque()
        self._size = 0
        self.forgotten = 0
        """Number of discarded exchanges."""

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """The stored exchanges, in the order sent."""
        return tuple(sorted(self._exchanges, key=lambda each: each.request.sent_at))

    def see(self, exchange: Exchange) -> None:
        """Add an exchange, and save the scenario when an upload's answer is complete."""
        self._exchanges.append(exchange)
        self._size += len(exchange.answer.body)
        while len(self._exchanges) > MOST_EXCHANGES or (self._size > MOST_BYTES and len(self._exchanges) > 1):
            self._size -= len(self._exchanges.popleft().answer.body)
            self.forgotten += 1
        if self._findings is not None:
            self._findings.see(exchange)
        try:
            recorded = self._recorder.add(exchange)
        except RecordError as error:
            log.warning("not recorded: %s", error)
            return
        if recorded is not None:
            try:
                self.save()
            except OSError as error:
                log.error("%s can't be written: %s", self._path, error.strerror)  # noqa: TRY400 - a traceback says no more

    def judge(self, name: str, profile: Profile) -> RunVerdict:
        """Judge the stored exchanges with a platform of this name."""
        from diarkit_contracts.runs.verify import verify_recording  # noqa: PLC0415 - it needs the extra `verify`, and reads the schemas

        return verify_recording(name, self.exchanges, profile)

    def save(self) -> None:
        """Replace the saved scenario."""
        if self._path is not None and self._recorder:
            write_whole(self._path, self._recorder.write())
