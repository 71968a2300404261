"""The commands `diarkit scenario ...`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from diarkit_contracts.api.dialect import Dialect
from diarkit_contracts.api.words import count
from diarkit_contracts.commands.flags import Group
from diarkit_contracts.commands.output import echo_lines
from diarkit_mockserver.scenario.course import GUIDE, ByPolls, ByRealTime, BySeconds, Course
from diarkit_mockserver.scenario.load import ScenarioError, load_scenario, read_stream
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.scenario.reach import list_unreachable

MOST_UNREACHABLE: Final = 20
"""Unreachable rules that are named: if there are more, the first ones explain them."""


@click.group(cls=Group, examples=("diarkit scenario check scenario.yaml",))
def scenario() -> None:
    """Check scenario files, or print their JSON Schema."""


@scenario.command(examples=("diarkit scenario check scenario.yaml", "diarkit scenario check - < scenario.yaml"))
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
def check(files: tuple[Path, ...]) -> None:
    """Check scenario files, and report unreachable rules.

    Exit 0 if all are valid, with a summary of each; otherwise 1, with errors and their positions. The file `-` is standard input,
    whose RTTM files are relative to the working directory.
    """
    wrong = False
    for file in files:
        try:
            read = read_stream(sys.stdin.buffer) if str(file) == "-" else load_scenario(file)
            echo_lines([f"{file}: {describe_scenario(read)}"])
            unreachable = list(list_unreachable(read.rules))
            for place, reason in unreachable[:MOST_UNREACHABLE]:
                click.echo(f"{file}: rule {place} ({read.rules[place - 1]}) can't be reached: {reason}", err=True)
            if more := len(unreachable[MOST_UNREACHABLE:]):
                click.echo(f"{file}: {more} more can't be reached", err=True)
        except ScenarioError as error:
            wrong = True
            click.echo(str(error), err=True)
        except OSError as error:
            wrong = True
            click.echo(f"{file}: can't read it: {error.strerror or error}", err=True)
    sys.exit(1 if wrong else 0)


@scenario.command(examples=("diarkit scenario schema > scenario.schema.json",))
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from diarkit_mockserver.scenario.schema import scenario_schema  # noqa: PLC0415

    echo_lines([json.dumps(scenario_schema(), indent=2, ensure_ascii=False)])


def describe_scenario(scenario: Scenario) -> str:
    """Summarise a scenario in one line."""
    from diarkit_mockserver.scenario.dump import dump_scenario  # noqa: PLC0415 - imported when called

    held = [count(len(scenario.rules), "rule") if scenario.rules else "no rules"]
    held += [count(len(many), noun) for many, noun in ((scenario.tasks, "task"), (scenario.faults, "fault")) if many]
    held += [f"seed {scenario.seed}", f"course {_describe_course(scenario.course)}"]
    rest = replace(scenario, rules=(), tasks=(), faults=(), seed=0, course=GUIDE, seen=(), not_learned=())
    if scenario.seen:  # by `diarkit learn`: dozens of points, with whole bodies
        rest = replace(rest, dialect=Dialect())
    # As the file says it: limits, media, profile and dialect.
    held += () if rest == Scenario() else dump_scenario(rest).splitlines()
    held += [f"{count(len(scenario.seen), 'point')} of a platform"] if scenario.seen else []
    return ", ".join(held)


def _describe_course(course: Course) -> str:
    match course:
        case ByPolls(polls=counts):
            return f"by polls ({counts.pending} pending, {counts.running} running)"
        case BySeconds(seconds=lasts):
            return f"by seconds ({lasts.pending:g} pending, {lasts.running:g} running)"
        case ByRealTime(realtime_factor=factor, workers=workers):
            return f"{factor:g} times real time ({workers} {'worker' if workers == 1 else 'workers'})"
        case _:
            return course
