"""What a proxy saw of the live platform: held against the contract, and saved as a scenario after each task. Judges nothing itself."""

from __future__ import annotations

import logging
import os
from collections import deque
from typing import TYPE_CHECKING, Final

from diarkit_contracts.runs.record import RecordError

if TYPE_CHECKING:
    from pathlib import Path

    from diarkit_contracts.api.profiles import Profile
    from diarkit_contracts.exchanges.exchange import Exchange
    from diarkit_contracts.runs.verdict import RunVerdict
    from diarkit_mockserver.forward.findings import Findings
    from diarkit_mockserver.forward.recorder import Recorder

MOST_EXCHANGES: Final = 10_000
MOST_BYTES: Final = 64 << 20
"""As in a world's journal."""

log = logging.getLogger("diarkit")


class Witness:
    """Takes exchanges as they come.

    Args:
        recorder: makes rules of them.
        path: where they are saved; None to save none.
        findings: hears of each at once; None for nobody.
    """

    def __init__(self, recorder: Recorder, path: Path | None = None, findings: Findings | None = None) -> None:
        self._recorder = recorder
        self._path = path
        self._findings = findings
        self._exchanges: deque[Exchange] = deque()
        self._size = 0
        self.forgotten = 0
        """Exchanges that there was no room for any more."""

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """What is there, in the order in which it was sent."""
        return tuple(sorted(self._exchanges, key=lambda each: each.request.sent_at))

    def see(self, exchange: Exchange) -> None:
        """Take an exchange; what was answered to an upload is saved."""
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
        """Hold what is there of the platform of this name against the contract."""
        from diarkit_contracts.runs.verify import verify_recording  # noqa: PLC0415 - it needs the extra `verify`, and reads the schemas

        return verify_recording(name, self.exchanges, profile)

    def save(self) -> None:
        """Write the scenario in the place of the last one: whoever reads it gets the one or the other, whole.

        A link still leads to the file afterwards; a device or a pipe is written to, never replaced.

        Raises:
            OSError: it can't be written.
        """
        if self._path is None or not self._recorder:
            return
        path, text = self._path.resolve(), self._recorder.write()
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            part.write_text(text, encoding="utf-8")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
