"""Send variants of own recordings (`--audio`), and judge them in one verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from diarkit_contracts.exchanges.exchange import Relation
from diarkit_contracts.exchanges.history import History, read_history
from diarkit_contracts.rows.plan import Cost, Plan
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.runs.drive import Drive, drive_plan
from diarkit_contracts.runs.verdict import Cause, Ending, RowOutcome, RunVerdict, Skipped
from diarkit_contracts.runs.verify import conclude
from diarkit_contracts.target.client import CAPS, Caps, Target

if TYPE_CHECKING:
    from diarkit_contracts.api.profiles import Profile
    from diarkit_contracts.rows.audio import Recording
    from diarkit_contracts.rows.call import Row

NAME: Final = "audio"


def make_plan(recordings: Sequence[Recording]) -> Plan:
    """Plan the rows that do not depend on answers, one file after the other, since each is large."""
    return Plan(NAME, tuple((row,) for recording in recordings for row in recording.rows))


def choose_caps(cost: Cost, recordings: Sequence[Recording]) -> Caps:
    """Choose the limits of a run: twice each row, as it may be repeated."""
    tasks = cost.tasks + len(recordings)
    return replace(CAPS[Tier.FULL], tasks=tasks, spare=tasks, bytes_up=3 * cost.bytes_up)


def verify_audio(
    recordings: Sequence[Recording],
    target: Target,
    profile: Profile,
    progress: Callable[[Row], None] = lambda _: None,
) -> RunVerdict:
    """Send recordings to a target and judge the answers; an AudioError if a file was removed or has changed."""
    plan = make_plan(recordings)
    drive = drive_plan(plan, target, profile, progress=progress)
    drive.unplanned += [
        Skipped(name=recording.name_row(relation), cause=Cause.CAPABILITY, reason=reason)
        for recording in recordings
        for relation, reason in recording.obstacles.items()
    ]
    if not drive.whys:
        limits = Plan(NAME, tuple((row,) for row in _list_limits(recordings, target, profile, drive)))
        drive = drive.join(drive_plan(limits, target, profile, progress=progress))
    verdict = conclude(drive, plan, target, profile)
    return replace(verdict, outcomes=tuple(_require_results(verdict)))


def _list_limits(recordings: Sequence[Recording], target: Target, profile: Profile, drive: Drive) -> Iterator[Row]:
    """List the rows whose limit depends on the first answer: the speakers of all channels, as its scope is UNK."""
    found = _count_speakers(read_history(target.exchanges, profile))
    for recording in recordings:
        if recording.sha256 in found:
            yield recording.limit(max(1, found[recording.sha256]))
        else:
            reason = "the number of speakers was not answered"
            name = recording.name_row(Relation.LIMITED)
            drive.unplanned.append(Skipped(name=name, cause=Cause.NEVER_SEEN, reason=reason))


def _count_speakers(history: History) -> dict[str, int]:
    found: dict[str, int] = {}
    for _, start, channels in history.known_results():
        made = start.file and start.file.made
        if made and made.relation is Relation.GIVEN:
            found.setdefault(made.of, sum(max(0, channel.speakers) for channel in channels))
    return found


def _require_results(verdict: RunVerdict) -> Iterator[RowOutcome]:
    """Mark rows without a result as inconclusive, as there is nothing to compare."""
    seen = {look.at for look, _ in verdict.history.results()}
    with_result = {row.name for row in verdict.rows if not seen.isdisjoint(row.at)}
    for outcome in verdict.outcomes:
        if outcome.ending is Ending.JUDGED and outcome.row not in with_result:
            yield replace(
                outcome, ending=Ending.INCONCLUSIVE, cause=Cause.NEVER_SEEN, reason="it has no result to compare"
            )
        else:
            yield outcome
