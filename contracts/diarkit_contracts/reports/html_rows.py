"""The rows of a run as HTML: what was asked and answered in a table, who speaks when in a picture. Judges nothing."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from diarkit_contracts.exchanges.text import describe_answer, describe_part, describe_request, show_body, show_text
from diarkit_contracts.runs.verdict import RowRun
from diarkit_fixtures.score.picture import draw_svg
from diarkit_fixtures.segments import Segment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from diarkit_contracts.exchanges.history import ChannelTold, History, Look
    from diarkit_fixtures.segments import Segments

MOST_PICTURES = 200
"""A picture is some kilobytes; a recording may hold thousands of tasks."""

LONGEST = 360_000
"""Centiseconds: an hour on the axis; a time beyond it is a finding and not a length."""


def draw_rows(rows: Sequence[RowRun], history: History, broken: Collection[str]) -> Iterator[str]:
    """Draw all rows, those with findings open.

    Args:
        rows: of the run; without any, one for all exchanges.
        history: all that was asked and answered.
        broken: names of rows with findings.
    """
    told = {look.at: (look, channels) for look, channels in history.results()}
    drawn = 0
    for row in rows or (RowRun(name="all exchanges", at=tuple(range(len(history.exchanges)))),):
        state = " open" if row.name in broken else ""
        mark = ' class="broken"' if row.name in broken else ""
        yield f'<details id="{name_anchor(row.name)}"{mark}{state}><summary>{_text(row.name)} {_sum_up(row, history)}</summary>'
        for at in row.at:
            if at in told and drawn < MOST_PICTURES:
                drawn += 1
                yield from _draw_result(*told[at])
        yield from _list_exchanges(row, history)
        yield "</details>"


def name_anchor(name: str) -> str:
    """Name the place of a row in the page."""
    return re.sub(r"[^0-9a-z-]+", "-", name.partition("[")[0].lower())


def _sum_up(row: RowRun, history: History) -> str:
    """Say how a row went: what was answered, each thing once, in its order."""
    answers = dict.fromkeys(describe_answer(history.exchanges[at]) for at in row.at)
    shown = [_text(answer) for answer in answers]
    more = f" and {len(shown) - 6} more" if len(shown) > 6 else ""
    return f'<span class="answers">{" &rarr; ".join(shown[:6])}{more}</span>'


def _draw_result(look: Look, channels: Sequence[ChannelTold]) -> Iterator[str]:
    answered = {channel.number: tuple(_read_segments(channel)) for channel in channels}
    sound = look.start.file.sound if look.start is not None and look.start.file is not None else None
    ends = [segment.end for segments in answered.values() for segment in segments]
    length = min(max([100, *ends, sound.length if sound is not None else 0]), LONGEST)
    truth = sound.truth if sound is not None else None
    yield '<figure class="timeline" tabindex="0">'
    if truth is not None and _is_comparable(look) and set(answered) <= set(range(len(truth))):
        # Channels that were not asked for stand there as they were sent, without an answer.
        both = [(segments, answered.get(number)) for number, segments in enumerate(truth)]
        yield _draw(
            [segments for segments, _ in both], [other if other is not None else () for _, other in both], length
        )
        yield "<figcaption>What the recording holds, what was answered, and where they differ.</figcaption>"
    else:
        if truth is not None:
            yield _draw(truth, None, length)
            yield "<figcaption>What the recording holds.</figcaption>"
        for number, segments in sorted(answered.items()):
            yield _draw([segments], None, length).replace(">channel 0<", f">channel {number}<")
        asked: Mapping[str, str] = look.start.exchange.request.query if look.start is not None else {}
        config = look.start.find_part("config") if look.start is not None else None
        told = [f"{name}={value}" for name, value in asked.items()]
        told += [config.text] if config is not None and config.text else []
        asked_for = f" for {_text(', '.join(told))}" if told else ""
        yield f"<figcaption>What was answered{asked_for}.</figcaption>"
    yield "</figure>"


def _is_comparable(look: Look) -> bool:
    """Tell whether the truth of the file is the truth of the answer: no parameter changes it."""
    if look.start is None:
        return False
    query = look.start.exchange.request.query
    limits = {"max_speakers", "total_speakers"} & set(look.start.config or {})
    changing = {"range_from", "range_to", "channels"} & set(query)
    return not limits and not changing and query.get("channel_mode", "split") == "split"


def _draw(expected: Sequence[Segments], answer: Sequence[Segments] | None, length: int) -> str:
    told = "Timeline of who speaks when" + (", as recorded and as answered" if answer is not None else "")
    # The page's own style decides the size and, for dark pages, the colours.
    svg = draw_svg(expected, answer, length=length).svg
    return re.sub(
        r' width="\d+" height="\d+" font-family', f' role="img" aria-label="{told}" font-family', svg, count=1
    ).rstrip()


def _read_segments(channel: ChannelTold) -> Iterator[Segment]:
    for told in channel.segments:
        # What can't be drawn, such as an end before its start, is a finding and not a bar.
        if 0 <= told.start < told.end <= LONGEST and round(told.start * 100) < round(told.end * 100):
            yield Segment(told.speaker, round(told.start * 100), round(told.end * 100))


def _list_exchanges(row: RowRun, history: History) -> Iterator[str]:
    if not row.at:
        return
    start = history.exchanges[row.at[0]].request.sent_at
    yield '<div class="wide" tabindex="0"><table class="exchanges"><thead><tr><th scope="col">no.</th><th scope="col">after</th>'
    yield '<th scope="col">asked</th><th scope="col">answered</th></tr></thead><tbody>'
    before = ""
    for at in row.at:
        exchange = history.exchanges[at]
        parts = "".join(f"<br>{_text(describe_part(part))}" for part in exchange.request.parts or ())
        body = show_body(exchange.answer.body)
        shown = f'<br><code class="body">{escape(body)}</code>' if body and body != before else ""
        before = body
        yield (
            f"<tr><td>{at}</td><td>{exchange.request.sent_at - start:.2f} s</td>"
            f"<td>{_text(describe_request(exchange))}{parts}</td><td>{_text(describe_answer(exchange))}{shown}</td></tr>"
        )
    yield "</tbody></table></div>"


def _text(text: str) -> str:
    return escape(show_text(text))
