"""A verdict as one HTML page: the values for its template, and pictures of who speaks when, expected and answered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from itertools import groupby, islice
from typing import TYPE_CHECKING, Final, TypeAlias

from diarkit_contracts.api.document import DOCUMENT
from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.lines import find_line
from diarkit_contracts.api.words import count
from diarkit_contracts.exchanges.text import (
    describe_answer,
    describe_exchange,
    describe_part,
    describe_request,
    show_body,
)
from diarkit_contracts.reports.summary import WORDS, advise, describe_spent, sum_up
from diarkit_contracts.reports.templates import make_environment
from diarkit_contracts.runs.reproduce import Repeat, write_repeat
from diarkit_contracts.runs.verdict import Ending, Finding, RowRun, RunVerdict
from diarkit_fixtures.score.picture import OF_PAGE, Picture, draw_svg
from diarkit_fixtures.segments import Segment

if TYPE_CHECKING:
    from pathlib import Path

    from diarkit_contracts.api.result import ReportedChannel
    from diarkit_contracts.clauses.clause import Clause
    from diarkit_contracts.exchanges.exchange import Exchange
    from diarkit_contracts.exchanges.history import History, Look

Captioned: TypeAlias = "tuple[tuple[Picture, ...], str]"

MOST_PICTURES: Final = 200
"""A picture takes some kilobytes, and a recording may have thousands of tasks."""

LONGEST: Final = 360_000
"""Centiseconds: an hour on the axis; later times are findings."""


def write_html(verdict: RunVerdict, fail_on: Severity = Severity.ERROR, folder: Path | None = None) -> str:
    """Write a verdict as a page."""
    environment = make_environment()
    environment.filters |= {
        "anchor": _name_anchor,
        "request": describe_request,
        "part": describe_part,
        "answer": describe_answer,
    }
    end = verdict.decide_exit(fail_on)
    return environment.get_template("report.html.jinja").render(
        verdict=verdict,
        end=int(end),
        end_word=WORDS[end],
        counts=list(_count(verdict)),
        advice=list(advise(verdict)),
        names={row.name for row in verdict.rows},
        broken={finding.row for finding in verdict.findings},
        findings=list(_group_findings(verdict, folder)),
        rows=list(_list_rows(verdict)),
        figures=draw_results(verdict.history),
        summary=sum_up(verdict, fail_on),
    )


def _group_findings(
    verdict: RunVerdict, folder: Path | None
) -> Iterator[tuple[Clause, str, list[tuple[Finding, list[tuple[int, str]], Repeat | None]]]]:
    """Group the findings by clause and evidence: a violation in ten rows is one problem."""
    for _, group in groupby(verdict.findings, lambda finding: (finding.clause.id, finding.evidence)):
        found = list(group)
        yield (
            found[0].clause,
            f"{found[0].evidence} ({DOCUMENT.name}, line {find_line(found[0].clause.place)})",
            [
                (
                    finding,
                    [(at, describe_exchange(verdict.find_exchange(at))) for at in finding.at],
                    write_repeat(finding, verdict, folder),
                )
                for finding in found
            ],
        )


def _name_anchor(name: str) -> str:
    return re.sub(r"[^0-9a-z-]+", "-", name.partition("[")[0].lower())


def _list_rows(verdict: RunVerdict) -> Iterator[tuple[str, list[tuple[int, Exchange, str]]]]:
    """List the rows, or one with all exchanges; each exchange with its number and body."""
    everything = (RowRun(name="all exchanges", at=tuple(range(len(verdict.exchanges)))),) if verdict.exchanges else ()
    for row in verdict.rows or everything:
        exchanges = [(at, verdict.exchanges[at]) for at in row.at]
        yield row.name, [(at, exchange, show_body(exchange.answer.body)) for at, exchange in exchanges]


def _count(verdict: RunVerdict) -> Iterator[tuple[str, object]]:
    for severity in (Severity.ERROR, Severity.WARNING):
        yield f"{severity}s", len(verdict.list_findings(severity))
    yield "accepted", len(verdict.accepted)
    observations = sum(passed.observations for passed in verdict.passed)
    yield "clauses passed", f"{len(verdict.passed)} ({count(observations, 'observation')})"
    yield "inconclusive", len(verdict.inconclusive)
    yield "skipped", len(verdict.skipped)
    yield "profile", verdict.profile
    yield "tier", verdict.tier or "a recording"
    unjudged = sum(each.ending is not Ending.JUDGED for each in verdict.outcomes)
    yield "rows judged", f"{len(verdict.outcomes) - unjudged} of {len(verdict.outcomes)}"
    yield "finished", verdict.finished_at or "not known"
    yield "diarkit", version("diarkit")
    yield "spent", describe_spent(verdict.spent)


def draw_results(history: History) -> dict[int, list[Captioned]]:
    """Draw results up to a limit: pictures with captions, by the number of the exchange."""
    return {look.at: list(_draw_result(look, channels)) for look, channels in islice(history.results(), MOST_PICTURES)}


def _draw_result(look: Look, channels: Sequence[ReportedChannel]) -> Iterator[Captioned]:
    answered = {channel.number: tuple(_read_segments(channel)) for channel in channels}
    sound = None if look.start is None else look.start.sound
    ends = [segment.end for segments in answered.values() for segment in segments]
    length = min(max([100, *ends, sound.length if sound is not None else 0]), LONGEST)
    truth = sound.truth if sound is not None else None
    draw = partial(draw_svg, length=length, look=OF_PAGE)
    if truth is not None and _is_comparable(look) and set(answered) <= set(range(len(truth))):
        # Channels that were not requested are drawn without an answer.
        found = [answered.get(number, ()) for number in range(len(truth))]
        picture = draw(truth, found, look=replace(OF_PAGE, label=f"{OF_PAGE.label}, as recorded and as answered"))
        yield (picture,), "The truth of the recording, the answer, and the differences."
        return
    if truth is not None:
        yield (draw(truth),), "The truth of the recording."
    pictures = tuple(
        draw([segments], look=replace(OF_PAGE, numbers=(number,))) for number, segments in sorted(answered.items())
    )
    yield pictures, f"The answer{_describe_question(look)}."


def _describe_question(look: Look) -> str:
    if look.start is None:
        return ""
    parameters = [f"{name}={value}" for name, value in look.start.query.items()]
    config = look.start.find_part("config")
    parameters += [config.text] if config is not None and config.text else []
    return f" for {', '.join(parameters)}" if parameters else ""


def _is_comparable(look: Look) -> bool:
    """Return whether the truth of the file applies to the answer, unchanged by parameters."""
    if look.start is None:
        return False
    query = look.start.query
    limits = {"max_speakers", "total_speakers"} & set(look.start.config or {})
    changing = {"range_from", "range_to", "channels"} & set(query)
    return not limits and not changing and query.get("channel_mode", "split") == "split"


def _read_segments(channel: ReportedChannel) -> Iterator[Segment]:
    for one in channel.segments:
        # Invalid segments, such as reversed ones, are findings and not drawn.
        if 0 <= one.start < one.end <= LONGEST and round(one.start * 100) < round(one.end * 100):
            yield Segment(one.speaker, round(one.start * 100), round(one.end * 100))
