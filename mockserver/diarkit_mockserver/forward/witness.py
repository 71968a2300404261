"""Collect a proxy's exchanges with the live platform: log findings at once, and save a scenario after each task."""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.profiles import DEFAULT, Profile
from diarkit_contracts.exchanges.exchange import Answer, Exchange
from diarkit_contracts.exchanges.history import START_PATH, find_task_id, find_value, read_object
from diarkit_contracts.exchanges.text import describe_exchange, show_text
from diarkit_contracts.runs.record import RecordError
from diarkit_fixtures.texts.write import write_whole
from diarkit_mockserver.forward.recorder import Recorder

MOST_EXCHANGES: Final = 10_000
MOST_BYTES: Final = 64 << 20
"""Limits as in a world's journal."""

Identity: TypeAlias = tuple[str, str, str]
"""Identity of a task's finding: the clause, expected, and got."""

MOST_TASKS: Final = 1_000
"""Tasks whose earlier answers are remembered."""

LARGEST_JUDGED: Final = 256 << 10
"""Limit of an answer's bytes, as nothing is forwarded while one is judged."""

LARGEST_STORED: Final = 4 << 10
"""Limit of a remembered answer's bytes: enough for any without a result."""

LEVELS: Final = {Severity.ERROR: logging.ERROR, Severity.WARNING: logging.WARNING}

log = logging.getLogger("diarkit")


@dataclass(slots=True)
class _Task:
    """A remembered task: its upload, its last poll, and its findings."""

    start: Exchange | None = None
    look: Exchange | None = None
    reported: set[Identity] = field(default_factory=set[Identity])


class Findings:
    """Checks each answer against the contract, together with earlier ones of its task, and logs each finding once, in one line.

    A preliminary check in bounded time and memory; the verdict at the end covers the whole traffic.

    Args:
        asked: the generation to judge by; `auto`: that of the reported version, the default one until then.
    """

    def __init__(self, asked: Profile | Literal["auto"]) -> None:
        self._asked = asked
        self._found: Profile | None = None
        self._tasks: OrderedDict[str, _Task] = OrderedDict()

    def see(self, exchange: Exchange) -> None:
        """Judge an exchange, and log new findings."""
        for severity, line in self.list_new(exchange):
            log.log(LEVELS[severity], "%s", line)

    def list_new(self, exchange: Exchange) -> Iterator[tuple[Severity, str]]:
        """Judge an exchange, and yield findings that are new for its task."""
        from diarkit_contracts.runs.verify import verify_recording  # noqa: PLC0415 - it needs the extra `verify`, and reads the schemas

        if not isinstance(exchange.answer, Answer) or len(exchange.answer.body) > LARGEST_JUDGED:
            return
        profile = self._choose(exchange)
        task = self._find_task(exchange)
        seen = (each for each in (task.start, task.look, exchange) if each is not None)
        # Answers of one task may arrive out of order.
        group = sorted(seen, key=lambda each: each.request.sent_at)
        for finding in verify_recording("", group, profile).findings:
            reported = (finding.clause.id, finding.fault.expected, finding.fault.got)
            if reported not in task.reported:
                task.reported.add(reported)
                shown = f"{finding.clause.id}: expected {finding.fault.expected}, got {finding.fault.got}"
                text = f"{finding.severity}: {shown} ({describe_exchange(exchange)}, {profile.name})"
                yield finding.severity, show_text(text, 1_000)
        stored = exchange if len(exchange.answer.body) <= LARGEST_STORED else None
        if exchange.request.method == "POST":
            task.start = stored
        else:
            task.look = stored

    def _choose(self, exchange: Exchange) -> Profile:
        from diarkit_contracts.runs.generation import find_generation  # noqa: PLC0415 - as above

        if not isinstance(self._asked, str):
            return self._asked
        if self._found is None:
            profile, assumed = find_generation([exchange])
            self._found = None if assumed else profile
        return self._found or DEFAULT

    def _find_task(self, exchange: Exchange) -> _Task:
        """Return the task of an exchange, creating it if necessary."""
        path, method = exchange.request.path, exchange.request.method
        key: object = None
        if method == "POST" and path.endswith(START_PATH):
            key = find_value(read_object(exchange.answer.body), "task", "task_id")
        elif method == "GET" and path.rpartition("/")[0].endswith(START_PATH):
            key = find_task_id(exchange.request)
        if not isinstance(key, str):
            return _Task()
        task = self._tasks.setdefault(key.lower(), _Task())
        if len(self._tasks) > MOST_TASKS:
            self._tasks.popitem(last=False)
        return task


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

    def save(self) -> None:
        """Replace the saved scenario."""
        if self._path is not None and self._recorder:
            write_whole(self._path, self._recorder.write())
