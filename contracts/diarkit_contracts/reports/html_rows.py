"""The rows of a run as a page shows them: what was asked and answered, who speaks when in a picture. Knows no markup."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from diarkit_contracts.exchanges.text import describe_answer, describe_part, describe_request, show_body
from diarkit_contracts.runs.verdict import RowRun
from diarkit_fixtures.score.picture import Look as PictureLook
from diarkit_fixtures.score.picture import Picture, draw_svg
from diarkit_fixtures.segments import Segment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from diarkit_contracts.exchanges.history import ChannelTold, History, Look

Captioned: TypeAlias = "tuple[tuple[Picture, ...], str]"

MOST_PICTURES = 200
"""A picture is some kilobytes; a recording may hold thousands of tasks."""

LONGEST = 360_000
"""Centiseconds: an hour on the axis; a time beyond it is a finding and not a length."""


LOOK: Final = PictureLook(
    paper="none", lane="var(--lane)", line="var(--line)", ink="var(--ink)", label="Timeline of who speaks when"
)
"""The page's own colours, light or dark."""


@dataclass(frozen=True, slots=True)
class Line:
    """One exchange of a row.

    Attributes:
        at: its number.
        after_s: since the row's first one.
        asked: what was asked.
        parts: of the form that was sent.
        answered: what was answered.
        body: of the answer; empty for one that is the same as before.
    """

    at: int
    after_s: float
    asked: str
    parts: tuple[str, ...]
    answered: str
    body: str


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row of a run.

    Attributes:
        anchor: its place in the page.
        name: of it.
        broken: it has findings.
        answers: each thing that was answered once, in its order.
        figures: for each result pictures with their captions.
        lines: its exchanges.
    """

    anchor: str
    name: str
    broken: bool
    answers: tuple[str, ...]
    figures: tuple[tuple[Captioned, ...], ...]
    lines: tuple[Line, ...]


def list_rows(rows: Sequence[RowRun], history: History, broken: Collection[str]) -> Iterator[ShownRow]:
    """List all rows as they are shown.

    Args:
        rows: of the run; without any, one for all exchanges.
        history: all that was asked and answered.
        broken: names of rows with findings.
    """
    told = {look.at: (look, channels) for look, channels in history.results()}
    drawn = set(list(told)[:MOST_PICTURES])
    for row in rows or (RowRun(name="all exchanges", at=tuple(range(len(history.exchanges)))),):
        yield ShownRow(
            anchor=name_anchor(row.name),
            name=row.name,
            broken=row.name in broken,
            answers=tuple(dict.fromkeys(describe_answer(history.exchanges[at]) for at in row.at)),
            figures=tuple(tuple(_draw_result(*told[at])) for at in row.at if at in drawn),
            lines=tuple(_list_lines(row, history)),
        )


def name_anchor(name: str) -> str:
    """Name the place of a row in the page."""
    return re.sub(r"[^0-9a-z-]+", "-", name.partition("[")[0].lower())


def _draw_result(look: Look, channels: Sequence[ChannelTold]) -> Iterator[Captioned]:
    answered = {channel.number: tuple(_read_segments(channel)) for channel in channels}
    sound = look.start.file.sound if look.start is not None and look.start.file is not None else None
    ends = [segment.end for segments in answered.values() for segment in segments]
    length = min(max([100, *ends, sound.length if sound is not None else 0]), LONGEST)
    truth = sound.truth if sound is not None else None
    draw = partial(draw_svg, length=length, look=LOOK)
    if truth is not None and _is_comparable(look) and set(answered) <= set(range(len(truth))):
        # Channels that were not asked for stand there as they were sent, without an answer.
        found = [answered.get(number, ()) for number in range(len(truth))]
        picture = draw(truth, found, look=replace(LOOK, label=f"{LOOK.label}, as recorded and as answered"))
        yield (picture,), "What the recording holds, what was answered, and where they differ."
        return
    if truth is not None:
        yield (draw(truth),), "What the recording holds."
    pictures = tuple(
        draw([segments], look=replace(LOOK, numbers=(number,))) for number, segments in sorted(answered.items())
    )
    yield pictures, f"What was answered{_describe_question(look)}."


def _describe_question(look: Look) -> str:
    if look.start is None:
        return ""
    told = [f"{name}={value}" for name, value in look.start.exchange.request.query.items()]
    config = look.start.find_part("config")
    told += [config.text] if config is not None and config.text else []
    return f" for {', '.join(told)}" if told else ""


def _is_comparable(look: Look) -> bool:
    """Tell whether the truth of the file is the truth of the answer: no parameter changes it."""
    if look.start is None:
        return False
    query = look.start.exchange.request.query
    limits = {"max_speakers", "total_speakers"} & set(look.start.config or {})
    changing = {"range_from", "range_to", "channels"} & set(query)
    return not limits and not changing and query.get("channel_mode", "split") == "split"


def _read_segments(channel: ChannelTold) -> Iterator[Segment]:
    for told in channel.segments:
        # What can't be drawn, such as an end before its start, is a finding and not a bar.
        if 0 <= told.start < told.end <= LONGEST and round(told.start * 100) < round(told.end * 100):
            yield Segment(told.speaker, round(told.start * 100), round(told.end * 100))


def _list_lines(row: RowRun, history: History) -> Iterator[Line]:
    before = ""
    for at in row.at:
        exchange = history.exchanges[at]
        body = show_body(exchange.answer.body)
        yield Line(
            at=at,
            after_s=exchange.request.sent_at - history.exchanges[row.at[0]].request.sent_at,
            asked=describe_request(exchange),
            parts=tuple(map(describe_part, exchange.request.parts or ())),
            answered=describe_answer(exchange),
            body=body if body != before else "",
        )
        before = body
