"""Rehearsals: run the user's tests repeatedly, each time with one change of the fake, to see which changes they tolerate or detect.

Each variant is a partial scenario, and a pytest run in a separate process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Final, get_args

from diarkit_contracts.api.dialect import Dialect
from diarkit_contracts.api.points import POINTS, SERVED, Generation, Sends
from diarkit_contracts.api.profiles import PROFILES
from diarkit_mockserver.clock import SECOND, read_system_ticks
from diarkit_mockserver.errors import FakeError
from diarkit_mockserver.scenario.dump import dump_scenario
from diarkit_mockserver.scenario.faults import BodyDamage, Connection, Fault, ResultFault, TaskFault
from diarkit_mockserver.scenario.model import Scenario

ERRORS: Final = (429, 500, 503)
"""Statuses for variants that refuse every request."""

PATIENCE: Final = 3.0
LEAST_PATIENCE_S: Final = 20.0
"""Time limit of a variant, relative to the unchanged run, and the minimum in seconds; a test that exceeds it hangs."""


class RehearsalError(FakeError):
    """Pytest did not complete a variant."""

    def __init__(self, name: str, output: str) -> None:
        self.name = name
        self.output = output
        super().__init__(f"pytest did not complete {name}:\n{output[-2_000:]}")


@dataclass(frozen=True, slots=True)
class Variant:
    """The fake with one change.

    Attributes:
        name: of the change; empty for none.
        base: of the scenario of each test.
        beside: names of variants whose changes it includes, and whose failures are not attributed to it.
    """

    name: str
    base: Scenario
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """The outcome of one test.

    Attributes:
        how: `passed`; `failed`; `crashed`: with a built-in exception, as from a client that misinterprets an answer; `hung`; or
            `skipped`.
        met: whether its fake applied the change.
    """

    how: str
    met: bool = False


LEFT_OUT: Final = "X-Location left out: deprecated and still sent, so that no other variant shows who depends on it"

Run = dict[str, Ended]
"""The tests of a run, by id."""


def list_variants(upgrade: str | None, only: Sequence[str]) -> list[Variant]:
    """List the unchanged variant, then those of an upgrade such as `3.6:5.0`, otherwise the breakages with one of some prefixes.

    Raises:
        ValueError: for other generations, or if there is no breakage with one of these prefixes.
    """
    if not upgrade:
        return [Variant("nothing changed", Scenario()), *list_mutations(only)]
    pairs: dict[str, tuple[Generation, Generation]] = {
        f"{old}:{new}": (old, new) for old, new in permutations(SERVED, 2)
    }
    if upgrade not in pairs:
        raise ValueError(f"expected two of {', '.join(SERVED)} such as 3.6:5.0, got {upgrade!r}")
    old, new = pairs[upgrade]
    return [Variant(old, Scenario(profile=old)), *list_upgrade(old, new)]


def list_upgrade(old: Generation, new: Generation) -> list[Variant]:
    """List a variant for each point in which two generations differ, then the whole new one.

    If the new one sends another location header, one variant omits X-Location, as a dependency on it is invisible while both are
    sent.
    """
    was, now = PROFILES[old], PROFILES[new]
    variants = [
        Variant(point.key, Scenario(profile=old, dialect=Dialect(**{point.key: now[point.key]})))
        for point in POINTS
        if point.served and was[point.key] != now[point.key]
    ]
    leading = {
        each.key: "sent"
        for each in POINTS
        if isinstance(each.effect, Sends) and each.effect.leads and now[each.key] == "sent"
    }
    if leading:
        base = Scenario(profile=old, dialect=Dialect(**leading, x_location="absent"))
        variants.append(Variant("x_location", base, tuple(leading)))
    return [*variants, Variant(new, Scenario(profile=new))]


def list_mutations(only: Sequence[str] = ()) -> list[Variant]:
    """List a variant for each named breakage, or those with one of some prefixes, such as `result` or `body:empty`.

    Raises:
        ValueError: there is none with one of these prefixes.
    """
    faults = [
        *(Fault(result=each) for each in get_args(ResultFault)),
        *(Fault(task=each) for each in get_args(TaskFault)),
        *(Fault(body=each) for each in get_args(BodyDamage)),
        *(Fault(connection=each) for each in get_args(Connection)),
        *(Fault(http=each) for each in ERRORS),
    ]
    named = [(f"http:{fault.http}" if fault.http else fault.name, fault) for fault in faults]
    for prefix in only:
        if not any(name.startswith(prefix) for name, _ in named):
            raise ValueError(f"expected beginnings of {', '.join(name for name, _ in named)}, got {prefix!r}")
    return [
        Variant(name, Scenario(faults=(fault,))) for name, fault in named if not only or name.startswith(tuple(only))
    ]


def run_variants(
    variants: Sequence[Variant], arguments: Sequence[str], folder: Path, tell: Callable[[str], object] = lambda _: None
) -> Iterator[tuple[Variant, Run]]:
    """Yield each variant with the outcomes of its tests, run in separate processes; the first is the reference for the others."""
    limit: float | None = None
    for variant in variants:
        tell(variant.name)
        with tempfile.TemporaryDirectory(prefix="diarkit-") as parent:
            base, results = Path(parent, "base.yaml"), Path(parent, "results.ndjson")
            base.write_text(dump_scenario(variant.base), encoding="utf-8")
            results.touch()
            flags = (f"--diarization-as={base}", f"--diarization-rehearse={results}", "-p", "no:cacheprovider")
            began = read_system_ticks()
            try:
                ended = subprocess.run(  # noqa: S603 - the command is this very run's
                    [sys.executable, "-m", "pytest", *arguments, *flags],
                    cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit, check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                pass
            else:
                if ended.returncode not in (0, 1):  # those of a complete run
                    raise RehearsalError(variant.name, ended.stdout.decode(errors="replace"))
            limit = limit or max(PATIENCE * ((read_system_ticks() - began) / SECOND), LEAST_PATIENCE_S)
            yield variant, _read_run(results.read_text(encoding="utf-8"))


def _read_run(text: str) -> Run:
    run: Run = {}
    for line in text.splitlines():
        name, how, met = json.loads(line)
        if how == "begins":
            run[name] = Ended("hung", met=True)
        elif run[name].how in ("hung", "passed", "skipped"):
            run[name] = Ended(how, met)
    return run


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of one variant, with ids of tests.

    Attributes:
        crashed: tests whose client hung, or crashed with a built-in exception.
        believed: tests that passed although their fake applied the change.
    """

    name: str
    noticed: tuple[str, ...] = ()
    crashed: tuple[str, ...] = ()
    believed: tuple[str, ...] = ()

    @property
    def broken(self) -> tuple[str, ...]:
        """The tests that do not tolerate it."""
        return self.noticed + self.crashed

    @property
    def word(self) -> str:
        """The best result of any test."""
        words = {"noticed": self.noticed, "crashed": self.crashed, "believed": self.believed}
        return next((word for word, tests in words.items() if tests), "not met")


def judge_runs(usual: Run, runs: Iterable[tuple[Variant, Run]]) -> list[Verdict]:
    """Judge variants by the tests that pass in the reference run."""
    verdicts: dict[str, Verdict] = {}
    for variant, run in runs:
        theirs = {test for name in variant.beside if name in verdicts for test in verdicts[name].broken}
        ends: dict[str, list[str]] = {"failed": [], "crashed": [], "hung": [], "passed": []}
        for test, here in run.items():
            passes = test in usual and usual[test].how == "passed" and test not in theirs
            if passes and here.how in ends and (here.how != "passed" or here.met):
                ends[here.how].append(test)
        verdicts[variant.name] = Verdict(
            name=variant.name,
            noticed=tuple(ends["failed"]),
            crashed=(*ends["crashed"], *ends["hung"]),
            believed=tuple(ends["passed"]),
        )
    return list(verdicts.values())


def describe_upgrade(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Describe which points break which tests; the last verdict is that of the whole new generation."""
    abouts: Mapping[str, str] = {**{point.key: point.about for point in POINTS}, "x_location": LEFT_OUT}
    width = max(len(each.name) for each in verdicts)
    for each in verdicts:
        about = abouts.get(each.name, "the whole generation")
        count = f"breaks {len(each.broken)}" if each.broken else "breaks nothing"
        yield f"{each.name:{width}}  {count}: {about}"
        yield from (f"{'':{width}}    {test}" for test in each.broken)
    alone = {test for each in verdicts[:-1] for test in each.broken}
    together = [test for test in verdicts[-1].broken if test not in alone]
    if together:
        yield f"broken only by several points together: {', '.join(together)}"


def describe_mutations(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Describe which breakages were noticed, crashed a client or were believed, and by which tests."""
    width = max(len(each.name) for each in verdicts)
    yield f"{'breakage':{width}}  {'best':8}  noticed  crashed  believed"
    for each in verdicts:
        counts = f"{len(each.noticed):7}  {len(each.crashed):7}  {len(each.believed):8}"
        yield f"{each.name:{width}}  {each.word:8}  {counts}"
        if not each.noticed:
            yield from (f"{'':{width}}    believed by {test}" for test in each.believed)
    met = [each for each in verdicts if each.word != "not met"]
    noticed = sum(each.word == "noticed" for each in met)
    yield f"{noticed} of {len(met)} applied breakages are noticed by a test: {rate_mutations(verdicts):.0f} %"


def rate_mutations(verdicts: Sequence[Verdict]) -> float:
    """Return the share of applied breakages that a test notices, in percent."""
    met = [each for each in verdicts if each.word != "not met"]
    return 100 * sum(each.word == "noticed" for each in met) / len(met) if met else 0.0
