"""The command `parity`: compare two servers or recordings."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import click

from diarkit_contracts.api.profiles import PROFILES, Profile
from diarkit_contracts.commands.flags import WRITTEN, Command, Named, flag, take
from diarkit_contracts.commands.output import (
    Asked,
    Judging,
    echo_lines,
    judge_recording,
    stop_on_term,
    verify_plan,
    write_file,
)
from diarkit_contracts.commands.target_flags import Access, open_target, read_plan
from diarkit_contracts.rows.tier import Tier
from diarkit_fixtures.errors import require

if TYPE_CHECKING:
    from diarkit_contracts.rows.plan import Plan
    from diarkit_contracts.runs.verdict import RunVerdict
    from diarkit_contracts.target.client import Caps


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What is sent to both servers and to each, and where the table is written."""

    GROUP: ClassVar[str] = "Requests"

    tier: Tier = flag(
        default=Tier.LITE,
        type=Named({tier.value: tier for tier in Tier}),
        help="Start no task (probe), at most 10 (lite), or send all rows (full), on each side.",
    )
    only: tuple[str, ...] = flag(default=(), multiple=True, metavar="ROW", help="Send only this row; may be repeated.")
    headers_a: tuple[str, ...] = flag(
        "--header-a", default=(), multiple=True, metavar="'NAME: VALUE'", help="Send this header only to A."
    )
    headers_b: tuple[str, ...] = flag(
        "--header-b", default=(), multiple=True, metavar="'NAME: VALUE'", help="Send this header only to B."
    )
    profile_a: Profile | None = flag(
        type=Named(PROFILES), group="Judgement", help="Judge A by this generation instead."
    )
    profile_b: Profile | None = flag(
        type=Named(PROFILES), group="Judgement", help="Judge B by this generation instead."
    )
    texts: bool = flag(
        default=False,
        is_flag=True,
        group="Judgement",
        help="Also compare the text of bodies, with ids, dates and hosts masked.",
    )
    report: Path | None = flag("--json", type=WRITTEN, group="Output", help="Write the table as JSON.")


@click.command(
    cls=Command,
    examples=(
        "diarkit parity http://127.0.0.1:8000 https://platform.example --header-b 'Authorization: Bearer TOKEN'",
        "diarkit parity yesterday.ndjson http://127.0.0.1:8000 --profile-a 3.6 --profile-b 5.0",
    ),
)
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@take("sides", Sides)
@take("judging", Judging)
@take("access", Access)
def parity(one: str, other: str, sides: Sides, judging: Judging, access: Access) -> None:
    """Compare how the servers A and B answer the same rows.

    A side may be a recording (`diarkit verify --record`), to which nothing is sent. Times, ids and, without `--texts`, segments are not
    compared. With `--fail-on warning` differences that the contract allows fail too.

    Exit 0: no difference. 1: differences. 2: wrong usage. 3: too few observations, or a planned row was
    not judged. 4: a server does not answer. 130, 143: interrupted, terminated; the comparison so far is shown.
    """
    require("jsonschema")
    from diarkit_contracts.reports.parity import list_lines, write_json  # noqa: PLC0415
    from diarkit_contracts.runs.parity.compare import compare_verdicts  # noqa: PLC0415 - imported on first use
    from diarkit_contracts.target.client import CAPS  # noqa: PLC0415

    plan = read_plan(sides.only, sides.tier)
    # Both sides are validated before anything is sent.
    profiles: tuple[Asked, Asked] = (sides.profile_a or judging.held, sides.profile_b or judging.held)
    asks = [
        _open_side(side, plan, replace(access, headers=(*access.headers, *own)), CAPS[sides.tier], profile)
        for side, own, profile in zip((one, other), (sides.headers_a, sides.headers_b), profiles, strict=True)
    ]
    with stop_on_term():
        first, second = (ask() for ask in asks)
    compared = compare_verdicts(first, second, texts=sides.texts)
    if sides.report is not None:
        write_file(sides.report, write_json(compared, judging.fail_on))
    echo_lines(list_lines(compared, judging.fail_on))
    sys.exit(compared.decide_exit(judging.fail_on))


def _open_side(side: str, plan: Plan, access: Access, caps: Caps, profile: Asked) -> Callable[[], RunVerdict]:
    from diarkit_contracts.runs.parity.answers import match_rows  # noqa: PLC0415 - as above

    if "://" not in side:
        wanted = {row.name for row in plan.rows}
        verdict = judge_recording(
            Path(side),
            profile,
            "expected a URL with http:// or a recording:",
            lambda exchanges: (row for row in match_rows(exchanges) if row.name in wanted),
        )
        return lambda: verdict
    target = click.get_current_context().with_resource(open_target(side, access, caps))
    return lambda: verify_plan(plan, target, profile)
