"""Writes the text of the speed benchmark: figures, ratios, what each server does, what the figures don't say."""

from __future__ import annotations

import os
import platform
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from speed_measure import CELLS, Cell, Figure, Round

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from speed_servers import Server

NOTES = """\
Absolute numbers only rank: they are of one machine and of what else it did. The ratios were measured side by side, in turns, and
are medians of the rounds' own ratios; above 1 ours is better (more, earlier, smaller). Those of the second table are of the
processor time that a server took for the same, which other work on the machine changes little; by that count a server on all
cores is no faster than on one. On a busy machine the clock favours servers of many threads, which get a larger share of it.
"At 64" is the number of connections that ask again as soon as they are answered.

nginx is the limit of the loopback: it sends a file from memory, and answers an upload without a look at it. The goals of this project
are shares of what it does with the same processor time.

Stubs do less than a task engine: they answer one text, whatever came before; ours and FastAPI keep a task for each upload.
All are set as fast as their own pages tell: no log of requests, no journal, no compression; nothing is pinned to a core.
Start is from the process to the first answer of any status. Memory is of all processes of a server (PSS, shared pages once),
before and after all presses: who is faster has answered more by then. At one connection the client's time is in the figure, too.
Each server is pressed at 64 connections for two seconds before the counted presses: virtual machines compile what is used often.
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """What the run was made with."""

    generator: str
    took_s: float
    others_cores: float
    """What other programs took of the processor during the run."""

    answer_bytes: int


@dataclass(frozen=True, slots=True)
class Column:
    """One thing that was measured."""

    head: str
    value: Callable[[Round], float]
    """Zero: there is none."""

    by_cpu: Callable[[Round], float] | None = None
    less_is_better: bool = False
    digits: int = 0


def make_column(cell: Cell) -> Column:
    """Make the column of one press."""
    return Column(
        cell.name, lambda each: each.figures[cell.name].per_second, lambda each: each.figures[cell.name].per_cpu_second
    )


PRESSES = tuple(make_column(cell) for cell in CELLS)
START = Column("start, s", lambda each: each.start_s, lambda each: each.start_cpu_s, less_is_better=True, digits=2)
IDLE = Column("idle, MB", lambda each: each.idle_mb, less_is_better=True)
LOADED = Column("loaded, MB", lambda each: each.loaded_mb, less_is_better=True)
COLUMNS = (START, *PRESSES, IDLE, LOADED)


def draw_table(rows: Iterable[Sequence[str]]) -> str:
    """Align columns: the first to the left, the others to the right."""
    lines = list(rows)
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]

    def draw(line: Sequence[str]) -> str:
        rest = (text.rjust(width) for text, width in zip(line[1:], widths[1:], strict=True))
        return "  ".join([line[0].ljust(widths[0]), *rest]).rstrip()

    return "\n".join(draw(line) for line in lines) + "\n"


def show_press(figures: Sequence[Figure]) -> str:
    """Show the median of a press, or why there is none."""
    for figure in figures:
        if figure.said:
            return figure.said
    median = statistics.median(figure.per_second for figure in figures)
    mark = "> " if any(figure.by_generator for figure in figures) else ""
    return mark + (f"{median:,.0f}" if median >= 10 else f"{median:.1f}")


def show_figures(own: Sequence[Round]) -> list[str]:
    """Show the medians of one server, column by column."""

    def show(column: Column) -> str:
        return f"{statistics.median(column.value(each) for each in own):.{column.digits}f}"

    presses = (show_press([each.figures[cell.name] for each in own]) for cell in CELLS)
    return [show(START), *presses, show(IDLE), show(LOADED)]


def show_ratio(
    pairs: Sequence[tuple[Round, Round]], value: Callable[[Round], float] | None, *, less_is_better: bool
) -> str:
    """Show how many times better ours was: the median of the rounds, to two digits that count.

    Args:
        pairs: of ours and of the peer, round by round.
        value: what is compared.
        less_is_better: as with times.
    """
    if value is None:
        return ""
    found = [(value(ours), value(peer)) for ours, peer in pairs]
    if not all(ours and peer for ours, peer in found):
        return "-"
    median = statistics.median(peer / ours if less_is_better else ours / peer for ours, peer in found)
    return f"{median:,.0f} x" if median >= 10 else f"{median:.1f} x" if median >= 1 else f"{median:.2f} x"


def draw_figures(servers: Sequence[Server], rounds: Sequence[dict[str, Round]]) -> str:
    """Draw what was measured."""
    rows = [[f"{each.name} {each.version}", *show_figures([one[each.name] for one in rounds])] for each in servers]
    return draw_table([["", *(column.head for column in COLUMNS)], *rows])


def draw_ratios(servers: Sequence[Server], rounds: Sequence[dict[str, Round]], title: str, *, by_cpu: bool) -> str:
    """Draw the peers beside ours, by the clock or by processor time."""
    ours, *peers = servers
    columns = [column for column in COLUMNS if column.by_cpu or not by_cpu]
    lines = [[title, *(column.head for column in columns)]]
    for peer in peers:
        pairs = [(one[ours.name], one[peer.name]) for one in rounds]
        ratios = (
            show_ratio(pairs, each.by_cpu if by_cpu else each.value, less_is_better=each.less_is_better)
            for each in columns
        )
        lines.append([peer.name, *ratios])
    return draw_table(lines)


GOALS = {
    "GET/s at 64": 0.55,
    "GET/s at 1": 0.8,
    "POST 10 KB/s at 64": 0.13,
    "POST 10 KB/s at 1": 0.28,
    "POST MB/s at 8": 0.2,
}
"""Shares of what nginx does with the same processor time."""


def judge_goals(servers: Sequence[Server], rounds: Sequence[dict[str, Round]]) -> str:
    """Say where the goals are met; nothing without nginx."""
    if all(each.name != "nginx" for each in servers):
        return ""
    lines = [["goal", "at least", "here", ""]]
    for cell, goal in GOALS.items():
        found = [[one[name].figures[cell].per_cpu_second for name in (servers[0].name, "nginx")] for one in rounds]
        share = statistics.median(ours / peer if peer else 0.0 for ours, peer in found)
        lines.append([f"{cell}, of nginx", f"{goal:.2f}", f"{share:.2f}", "met" if share >= goal else "NOT met"])
    return draw_table(lines)


BAR, LINE, LEFT, WIDTH = 14, 20, 170, 700


def draw_picture(servers: Sequence[Server], rounds: Sequence[dict[str, Round]]) -> str:
    """Draw, as SVG, what each server does with a second of processor time, as a share of the best."""
    lines: list[str] = []
    top = 0
    for cell in CELLS:
        found = {
            each.name: statistics.median(one[each.name].figures[cell.name].per_cpu_second for one in rounds)
            for each in servers
        }
        best = max(found.values()) or 1
        top += LINE + BAR // 2
        lines.append(
            f'<text x="4" y="{top}" font-weight="bold">{cell.name.replace("/s", "")}, of a second of processor</text>'
        )
        for name, value in sorted(found.items(), key=lambda pair: -pair[1]):
            top += LINE
            length = max(1, round((WIDTH - LEFT - 90) * value / best))
            fill = "#2a6" if name == servers[0].name else "#889"
            lines.append(f'<text x="{LEFT - 8}" y="{top}" text-anchor="end">{name}</text>')
            lines.append(f'<rect x="{LEFT}" y="{top - BAR + 3}" width="{length}" height="{BAR}" fill="{fill}"/>')
            said = f"{value:,.0f}" if value else "none"
            lines.append(f'<text x="{LEFT + length + 6}" y="{top}">{said}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top + LINE}" font-family="sans-serif" font-size="12">'
    paper = '<rect width="100%" height="100%" fill="white"/>'
    return "\n".join([head, paper, *lines, "</svg>", ""])


def write_report(
    servers: Sequence[Server], missing: Sequence[str], rounds: Sequence[dict[str, Round]], setting: Setting
) -> str:
    """Write it all.

    Args:
        servers: ours first.
        missing: peers that are not installed.
        rounds: by name of the server.
        setting: what the run was made with.
    """
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    others = f"other programs took {setting.others_cores:.1f} cores meanwhile"
    answers = f"a GET is answered with {setting.answer_bytes:,} bytes, the result of a minute of audio"
    parts = [
        f"python tests/benchmarks/speed.py --peers PEERS  ({setting.took_s:.0f} s, rounds: {len(rounds)}, medians)",
        f"{machine}; load by {setting.generator}; {others}",
        f"{answers} (Prism: its document's example, moto: its job); uploads are forms of 10 KB and 1 MB",
        "",
        draw_figures(servers, rounds),
    ]
    if len(servers) > 1:
        parts.append(draw_ratios(servers, rounds, "diarkit / peer", by_cpu=False))
        parts.append(draw_ratios(servers, rounds, "by processor time", by_cpu=True))
        parts.append(judge_goals(servers, rounds))
    measured = [figure for one in rounds for each in one.values() for figure in each.figures.values()]
    if any(figure.by_generator for figure in measured):
        parts.append("> the generator took more of the processor than the server, which could have answered more\n")
    if setting.generator != "wrk":
        parts.append("the generator is several times slower than wrk, and bounds what fast servers reach\n")
    parts += [f"{name}: not installed, left out\n" for name in missing]
    parts += [f"{each.name} {each.does}." for each in servers]
    return "\n".join([*parts, "", NOTES])
