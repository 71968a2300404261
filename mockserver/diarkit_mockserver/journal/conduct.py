"""Judge a client's conduct by rules over a world's journal. Pure functions.

Only what a server can observe is judged. Streaming of uploads is not: streamed forms have a Content-Length too, and the arrival of a
body depends on buffers on the way. This module is long, as each rule is next to its check.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from diarkit_contracts.api.evidence import Evidence, Severity, documented, inferred
from diarkit_contracts.api.states import TaskState
from diarkit_mockserver.clock import SECOND, to_ticks
from diarkit_mockserver.journal.journal import Entry
from diarkit_mockserver.journal.traffic import Traffic, comes_after, is_heard

KEEP_ALIVE = 5 * SECOND
"""Ticks after which our server closes an idle connection; a client that polls more slowly has to reconnect."""

MOST_HELD = 2
"""Number of connections left open by one task's exchanges that is a leak; a single one may belong to an unread answer."""

Case: TypeAlias = tuple[tuple["Entry", ...], str]
"""The exchanges concerned, and what the client did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductRule:
    """A rule of good conduct.

    Attributes:
        id: its meaning never changes.
        evidence: its source; error for wrong results or ignored answers, warning for mere cost.
    """

    id: str
    sentence: str
    evidence: Evidence
    check: Callable[[Traffic], Iterable[Case]]

    def __repr__(self) -> str:
        return f"<{self.id}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConductFinding:
    """A rule that a client violated.

    Attributes:
        rule: that was violated.
        entries: numbers of the exchanges concerned, as in the journal.
        text: what the client did.
    """

    rule: ConductRule
    entries: tuple[int, ...]
    text: str

    def __str__(self) -> str:
        numbers = ", ".join(map(str, self.entries[:10])) + (", ..." if len(self.entries) > 10 else "")
        return f"{self.rule.id} (exchange{'s' * (len(self.entries) > 1)} {numbers}): {self.text}"

    def __repr__(self) -> str:
        return f"<{self}>"


def _rule(
    rule_id: str, sentence: str, evidence: Evidence
) -> Callable[[Callable[[Traffic], Iterable[Case]]], ConductRule]:
    """Decorate a check to make it a rule."""
    return lambda check: ConductRule(id=rule_id, sentence=sentence, evidence=evidence, check=check)


def judge(  # noqa: PLR0913 - all that is known of a world, in one call
    entries: Iterable[Entry],
    *,
    now: int,
    open_connections: Collection[int] = (),
    pace_s: float = 0.0,
    ignore: Collection[str] = (),
    epoch: int | None = None,
) -> tuple[ConductFinding, ...]:
    """Judge a client's conduct in a world, assuming that it has finished.

    Args:
        entries: of the world's journal.
        now: ticks of the world's clock.
        open_connections: numbers of the currently open connections; without them none counts as open.
        pace_s: minimum seconds of the world's clock between two polls of a task. The guide waits 5 s (DOC); off by default, as
            clients under test usually wait less.
        ignore: ids of rules to skip.
        epoch: the date at time 0, in seconds since 1970 UTC; without it a Retry-After date is not judged.

    Returns:
        Findings, in the order of `RULES`.

    Raises:
        ValueError: for an unknown rule id.
    """
    unknown = set(ignore).difference(rule.id for rule in RULES)
    if unknown:
        known = ", ".join(rule.id for rule in RULES)
        raise ValueError(f"expected ids of rules ({known}), got {', '.join(sorted(unknown))}")
    traffic = Traffic(
        entries=tuple(entries), now=now, open_connections=open_connections, pace=to_ticks(pace_s), epoch=epoch
    )
    return tuple(
        ConductFinding(rule=rule, entries=tuple(entry.number for entry in concerned), text=text)
        for rule in RULES
        if rule.id not in ignore
        for concerned, text in rule.check(traffic)
    )


@_rule(
    "conduct.polls-after-end",
    "Polling stops when the task is done, failed or rejected, or is unknown (404).",
    documented("guide 3.6.0: the loop ends at done, failed and rejected; reference: 404 for a wrong or expired task"),
)
def _find_polls_after_end(traffic: Traffic) -> Iterator[Case]:
    for chain in traffic.chains:
        if (end := chain.end) is None:
            continue
        late = tuple(poll for poll in chain.polls if comes_after(poll, end))
        if late:
            reported = end.state if end.status == 200 else "unknown (404)"
            yield (
                late,
                f"task {chain.task_id} was {reported} in exchange {end.number}, and was polled {_times(late)} more",
            )


@_rule(
    "conduct.polls-too-fast",
    "Polls of a task are at least the configured interval apart.",
    documented("guide 3.6.0: the loop sleeps 5 s between two polls; the interval is set by the test", Severity.WARNING),
)
def _find_polls_too_fast(traffic: Traffic) -> Iterator[Case]:
    for chain in traffic.chains:
        fast = tuple(
            after
            for before, after in pairwise(chain.polls)
            # Polls after an end, or after a Retry-After, have their own rules.
            if after.asked_at - before.asked_at < traffic.pace
            and comes_after(after, before)
            and traffic.read_retry_after(before) is None
            and (chain.end is None or not comes_after(after, chain.end))
        )
        if fast:
            pace = f"{traffic.pace / SECOND:g} s"
            yield fast, f"task {chain.task_id} was polled {_times(fast)} less than {pace} after the poll before"


@_rule(
    "conduct.ignores-retry-after",
    "After an answer with Retry-After, the same operation is repeated only after that time.",
    documented("reference up to 3.7: 429 with Retry-After; RFC 9110, 10.2.3"),
)
def _find_ignored_retry_after(traffic: Traffic) -> Iterator[Case]:
    for operation in (traffic.uploads, *(chain.polls for chain in traffic.chains)):
        for index, entry in enumerate(operation):
            if (wait := traffic.read_retry_after(entry)) is None:
                continue
            again = next((later for later in operation[index + 1 :] if comes_after(later, entry)), None)
            if again is not None and again.asked_at < entry.answered_at + wait:
                waited = (again.asked_at - entry.answered_at) / SECOND
                yield (entry, again), f"was asked to wait {wait / SECOND:g} s, but retried after {waited:g} s"


@_rule(
    "conduct.resubmits",
    "A file whose task was accepted is uploaded again only if the task failed, is lost or can't be polled.",
    inferred(
        "limits page: unfinished tasks occupy storage; the same file and parameters get the same result", Severity.ERROR
    ),
)
def _find_resubmissions(traffic: Traffic) -> Iterator[Case]:
    chains = {chain.task_id: chain for chain in traffic.chains}
    for first, again in traffic.list_repeats():
        chain = chains[first.task_id or ""]
        if chain.is_hopeless or _lost_hope([poll for poll in chain.polls if comes_after(again, poll)]):
            continue
        known = next(
            (poll.state for poll in reversed(chain.polls) if comes_after(again, poll) and poll.state), "accepted"
        )
        name = first.submission.filename if first.submission is not None else ""
        yield (
            (first, again),
            f"sent {name} again with the same parameters, although its task {first.task_id} was {known}",
        )


def _lost_hope(polls: list[Entry]) -> bool:
    """Return whether the latest poll gave a reason to upload again: the task failed, is gone, or can't be polled."""
    if not polls:
        return False
    last = polls[-1]
    return not is_heard(last) or last.state is TaskState.FAILED or last.status not in (200, 429)


@_rule(
    "conduct.gives-up",
    "A polled task is polled until it has ended.",
    documented(
        "guide 3.6.0: pending and running are followed by another poll; reference: 429 is followed by a later one"
    ),
)
def _find_given_up(traffic: Traffic) -> Iterator[Case]:
    replaced = {first.number for first, _ in traffic.list_repeats()}
    for chain in traffic.chains:
        upload = chain.upload
        if upload is None or upload.number in replaced or not chain.polls or chain.end is not None or chain.is_hopeless:
            continue
        last = chain.polls[-1]
        reported = traffic.read_retry_after(last)
        waits = traffic.now < (last.asked_at + traffic.pace if reported is None else last.answered_at + reported)
        cleaned = last.state is TaskState.CANCELLED  # never ends
        if is_heard(last) and last.status in (200, 429, 503) and not (waits or cleaned):
            state = last.state or f"refused with {last.status}"
            yield (last,), f"stopped polling task {chain.task_id} when it was {state}"


@_rule(
    "conduct.never-reads-result",
    "The task of an uploaded file is polled.",
    documented("guide 3.6.0: the 202 names the URL of the result"),
)
def _find_unread(traffic: Traffic) -> Iterator[Case]:
    replaced = {first.number for first, _ in traffic.list_repeats()}
    for chain in traffic.chains:
        upload = chain.upload
        if upload is not None and is_heard(upload) and not chain.polls and upload.number not in replaced:
            yield (upload,), f"never polled task {chain.task_id}"


@_rule(
    "conduct.holds-connection",
    "Connections are reused or closed.",
    inferred("RFC 9112, 9.4: clients ought to limit the number of their open connections", Severity.ERROR),
)
def _find_held_connections(traffic: Traffic) -> Iterator[Case]:
    for chain in traffic.chains:
        left = [
            (before, after)
            for before, after in pairwise(chain.entries)
            if before.connection in traffic.open_connections and _is_left(traffic, before, after)
        ]
        if len(left) < MOST_HELD:
            continue
        for before, after in left:
            text = f"opened connection {after.connection} while {before.connection} was idle, and left that one open"
            yield (before, after), text


def _is_left(traffic: Traffic, before: Entry, after: Entry) -> bool:
    """Return whether a client opened a connection although it had an idle one, which it did not use again."""
    lines = traffic.by_connection
    return (
        before.connection != after.connection
        and after.connection in lines
        and comes_after(after, before)
        and is_heard(before)
        and lines[before.connection][-1] is before
        and lines[after.connection][0] is after
    )


@_rule(
    "conduct.reconnects",
    "Polls reuse the open connection.",
    inferred("RFC 9112, 9.3: connections are persistent by default; a handshake costs more than a poll"),
)
def _find_reconnects(traffic: Traffic) -> Iterator[Case]:
    for chain in traffic.chains:
        entries = chain.entries
        steps = tuple(pairwise(entries))
        if len(steps) < 2 or any(before.connection in traffic.open_connections for before, _ in steps):
            continue
        if all(_reconnects(traffic, before, after) for before, after in steps):
            yield entries, f"opened a new connection for each of {len(entries)} requests about task {chain.task_id}"


def _reconnects(traffic: Traffic, before: Entry, after: Entry) -> bool:
    return (
        _is_left(traffic, before, after)
        and len(traffic.by_connection[before.connection]) == 1
        and after.asked_at - before.answered_at < KEEP_ALIVE
    )


def _times(entries: tuple[Entry, ...]) -> str:
    return "once" if len(entries) == 1 else f"{len(entries)} times"


RULES: tuple[ConductRule, ...] = (
    _find_polls_after_end, _find_polls_too_fast, _find_ignored_retry_after, _find_resubmissions, _find_given_up, _find_unread,
    _find_held_connections, _find_reconnects,
)  # fmt: skip
"""The rules, in the order of findings."""
