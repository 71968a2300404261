"""Coverage reports as text, Markdown, JSON or HTML."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from diarkit_contracts.coverage.points import Point, Source, Standing, Tally

MOST: Final = 10
"""Maximum number of suggestions."""


def write_coverage(form: str, tally: Tally, plays: Mapping[str, str]) -> str:
    """Write a coverage report; `plays` has the line of a test that makes the fake produce a point, by id, most useful first."""
    return FORMS[form](tally, plays)


def list_next(tally: Tally, plays: Mapping[str, str]) -> list[tuple[Point, str]]:
    """List the most useful points to cover next, each with the line that produces it."""
    never = {point.id: point for point in tally.list_never()}
    return [(never[point], line) for point, line in plays.items() if point in never][:MOST]


def write_share(tally: Tally) -> str:
    """Summarise the coverage in one line."""
    points = tally.points
    met = [point for point in points if point.id in tally.met]
    behaved = sum(point.id in tally.behaved for point in met)
    return (
        f"{len(met)} of {len(points)} points met ({tally.percent:.1f} %), {behaved} of them without a conduct finding"
    )


def _list_lines(tally: Tally, plays: Mapping[str, str]) -> Iterator[str]:
    yield write_share(tally)
    following = list_next(tally, plays)
    if following:
        yield "not met, most useful first, with the line that produces it:"
        for point, line in following:
            yield f"  {point.text}"
            yield f"      {line}"
    shown = {point.id for point, _ in following}
    unsent = [point.text for point in tally.list_never() if point.source is Source.SENT]
    if unsent:
        more = f" and {len(unsent) - MOST} more" if len(unsent) > MOST else ""
        yield f"not sent by the client: {', '.join(unsent[:MOST])}{more}"
    rest = sum(point.id not in shown and point.source is not Source.SENT for point in tally.list_never())
    if rest:
        yield f"and {rest} other answers and cases not met"


def _write_markdown(tally: Tally, plays: Mapping[str, str]) -> str:
    lines = [f"**{write_share(tally)}**", "", "| point | | how to meet it |", "|---|---|---|"]
    for source in Source:
        lines.append(f"| **{source}** | | |")
        for point in tally.points:
            if point.source is source:
                standing = tally.find_standing(point)
                play = f"`{plays[point.id]}`" if standing is Standing.NEVER and point.id in plays else ""
                lines.append(f"| {point.text} | {standing} | {play.replace('|', chr(92) + '|')} |")
    return "\n".join(lines) + "\n"


def _write_json(tally: Tally, plays: Mapping[str, str]) -> str:
    written = {
        "percent": round(tally.percent, 1),
        "points": [
            {
                "id": point.id,
                "source": point.source,
                "text": point.text,
                "standing": tally.find_standing(point),
                "play": plays.get(point.id),
            }
            for point in tally.points
        ],
    }
    return json.dumps(written, indent=1, ensure_ascii=False) + "\n"


def _write_html(tally: Tally, plays: Mapping[str, str]) -> str:
    from diarkit_contracts.reports.templates import make_environment  # noqa: PLC0415 - Jinja2 comes with `verify`

    points = tally.points
    groups = [
        (source, [(each, tally.find_standing(each)) for each in points if each.source is source]) for source in Source
    ]
    return (
        make_environment()
        .get_template("coverage.html.jinja")
        .render(
            share=write_share(tally),
            percent=tally.percent,
            following=list_next(tally, plays),
            groups=groups,
            plays=plays,
            standing=Standing,
        )
    )


FORMS: Final[Mapping[str, Callable[[Tally, Mapping[str, str]], str]]] = {
    "text": lambda tally, plays: "".join(f"{line}\n" for line in _list_lines(tally, plays)),
    "html": _write_html,
    "md": _write_markdown,
    "json": _write_json,
}
