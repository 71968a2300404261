"""A report of what happened in one world, for failed tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from diarkit_contracts.api.states import TERMINAL
from diarkit_contracts.api.words import count
from diarkit_mockserver.control import calls
from diarkit_mockserver.control.client import Sender, read_entries
from diarkit_mockserver.control.orders import Expectations
from diarkit_mockserver.control.views import TaskView
from diarkit_mockserver.journal.access_log import escape
from diarkit_mockserver.journal.conduct import judge
from diarkit_mockserver.journal.journal import Entry
from diarkit_mockserver.world.platform import WORLDS

MOST_LINES: Final = 15
"""Limit for each list: the last entries are the most relevant, and the journal has all."""

ELSEWHERE: Final = "requests outside of all worlds meanwhile (does the client use diarization_server.url?)"


def write_report(control: Sender, name: str, elsewhere: int | None = None) -> Iterator[str]:
    """Yield the lines of a world's report.

    Exchanges of the default world after the number `elsewhere` are listed too, as they may have been meant for this one.
    """
    entries, page = read_entries(control, name)
    state = control.send(calls.verify_journal(Expectations(expected=())), name)
    tasks = control.send(calls.list_tasks(), name)
    yield f"{control.url}{WORLDS + name if name else ''}, seed {state.seed}, clock {state.clock}"
    yield from _list("exchanges", _shorten(_write_exchanges(entries), name), "no requests")
    yield from _list("tasks", map(_write_task, tasks))
    if state.clock.frozen and any(task.state not in TERMINAL for task in tasks):
        yield "  time is frozen: advance() moves it"
    findings = judge(entries, now=page.now, open_connections=frozenset(page.connections), epoch=page.epoch)
    yield from _list("conduct of the client", map(str, findings))
    answers = control.send(calls.list_answers(), name)
    yield from _list("prepared answers that were not used", (str(answer) for answer in answers if not answer.used))
    if name and elsewhere is not None:
        yield from _list(ELSEWHERE, map(str, read_entries(control, "", since=elsewhere)[0]))


def _list(heading: str, lines: Iterable[str], otherwise: str = "") -> Iterator[str]:
    found = list(lines)
    if not found:
        yield from (otherwise,) * bool(otherwise)
        return
    yield f"{heading}:"
    if len(found) > MOST_LINES:
        yield f"  ({len(found) - MOST_LINES} earlier ones)"
    yield from (f"  {escape(line)}" for line in found[-MOST_LINES:])


def _write_exchanges(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield exchanges as lines, consecutive equal ones merged."""
    for _, alike in groupby(entries, lambda entry: str(entry).partition(" s ")[2]):
        first, *others = alike
        yield str(first) + (f"; {len(others)} more like it, up to {others[-1].number}" if others else "")


def _shorten(lines: Iterable[str], name: str) -> Iterator[str]:
    """Remove the world's prefix from the paths."""
    yield from (line.replace(f" {WORLDS}{name}/", " /", 1) if name else line for line in lines)


def _write_task(task: TaskView) -> str:
    polls = count(task.polls, "poll")
    by_hand = ", moves by hand: step() or move()" * (task.manual and task.state not in TERMINAL)
    return f"{task.task_id} {task.filename!r}: {task.state}, {polls}{by_hand}{', lost by a fault' * task.lost}"
