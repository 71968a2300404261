"""The command `diarkit coverage`: merge journals into one report."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import click

from diarkit_contracts.api.profiles import PROFILES, Profile
from diarkit_contracts.commands.flags import READ, WRITTEN, Command, Named, flag, take
from diarkit_contracts.commands.output import echo_lines, write_file
from diarkit_fixtures.errors import require


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageFlags:
    """Report files, generation and minimum coverage."""

    GROUP: ClassVar[str] = "Output"

    html: Path | None = flag(type=WRITTEN, help="Write all points as HTML.")
    md: Path | None = flag(type=WRITTEN, help="Write all points as Markdown.")
    json: Path | None = flag(type=WRITTEN, help="Write all points as JSON.")
    profile: Profile | None = flag(
        type=Named(PROFILES),
        help="Count the points of this generation of the API; default those of the versions in the journals, else 3.6.",
    )
    least: float = flag(
        "--min", default=0.0, type=click.FloatRange(0, 100), metavar="PERCENT", help="Exit with 1 below this share."
    )


@click.command(
    cls=Command,
    examples=(
        "diarkit coverage journal.ndjson",
        "diarkit coverage monday.har tuesday.json --html coverage.html --min 80",
    ),
)
@click.argument("journals", metavar="JOURNAL...", nargs=-1, required=True, type=READ)
@take("flags", CoverageFlags)
def coverage(journals: tuple[Path, ...], flags: CoverageFlags) -> None:
    """Report which of the API's possible answers clients have met.

    JOURNAL is a journal of the fake or a recording of a platform: NDJSON, JSON or HAR. Client conduct is judged only for the
    fake's NDJSON and JSON.

    Exit 0: fine. 1: coverage below `--min`. 2: wrong usage.
    """
    require("jsonschema")
    from diarkit_contracts.coverage.points import add_up  # noqa: PLC0415 - imported on first use
    from diarkit_contracts.exchanges.plain import RecordingError  # noqa: PLC0415
    from diarkit_mockserver.harness.plays import report_coverage  # noqa: PLC0415
    from diarkit_mockserver.journal.coverage import read_tally  # noqa: PLC0415

    try:
        tally = add_up(map(read_tally, journals))
    except RecordingError as error:
        raise click.UsageError(str(error)) from None
    if flags.profile is not None:
        tally = replace(tally, generations=frozenset({flags.profile.name}))
    for form in ("html", "md", "json"):
        file: Path | None = getattr(flags, form)
        if file is not None:
            write_file(file, report_coverage(form, tally))
    echo_lines(report_coverage("text", tally).splitlines())
    sys.exit(int(tally.percent < flags.least))
