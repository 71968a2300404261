"""A Hypothesis strategy for legal platform behaviour, to find what breaks a client.

    @given(scenario=scenarios())
    def test_my_client_copes(scenario): ...   # open a world, run the client, check what must hold

Built without filtering. Everything shrinks to a platform where every task is done immediately.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from diarkit_fixtures.errors import MissingExtraError

try:
    from hypothesis import currently_in_test_context, note
    from hypothesis import strategies as st
except ModuleNotFoundError:
    raise MissingExtraError("hypothesis") from None

from diarkit_contracts.api.dialect import Dialect
from diarkit_fixtures.strategies.segments import segmentations
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.course import ByPolls, ByRealTime, BySeconds, Course, PollCounts, StateSeconds
from diarkit_mockserver.scenario.dump import dump_scenario
from diarkit_mockserver.scenario.faults import Fault, Latency
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.model import JsonObject, Rule, Scenario, Then
from diarkit_mockserver.world.wire import write_result

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


__all__ = ["scenarios"]

FEW = st.integers(0, 2)

SOON = 0.02
"""Maximum delay, in seconds, with a running clock."""


def scenarios(*, timed: bool = False, network: bool = True, dialects: bool = False) -> SearchStrategy[Scenario]:
    """Documented platform behaviour: states, results, errors, refusals and expired tasks, in any order.

    A failing example prints its scenario as YAML, which `diarkit serve --scenario FILE` replays.

    Args:
        timed: include timed behaviour: courses by seconds, rate windows, Retry-After above 0, expiry. For a client whose sleep
            moves the world's frozen clock. Without it every wait is 0 or a few milliseconds of a running clock.
        network: include broken connections, and delayed answers (only without `timed`, as the clock could not be moved while
            the client waits for an answer).
        dialects: include variants of undocumented points (UNK), such as a relative `X-Location`.
    """
    courses = _courses(timed=timed)
    return st.builds(
        Scenario,
        seed=st.integers(0, 9),
        course=courses,
        rules=st.lists(_rules(courses, timed=timed), max_size=3).map(tuple),
        faults=st.lists(_faults(timed=timed, network=network), max_size=2).map(tuple),
        limits=_limits() if timed else st.just(Limits()),
        dialect=_dialects() if dialects else st.just(Dialect()),
    ).map(_tell)


def _tell(scenario: Scenario) -> Scenario:
    if currently_in_test_context():
        note(f"the scenario, for diarkit serve --scenario FILE:\n{dump_scenario(scenario)}")
    return scenario


def _courses(*, timed: bool) -> SearchStrategy[Course]:
    immediate: SearchStrategy[Course] = st.just("immediate")
    by_polls = st.builds(ByPolls, polls=st.builds(PollCounts, pending=FEW, running=FEW))
    if not timed:
        return immediate | by_polls
    lasts = st.integers(0, 60).map(float)
    by_seconds = st.builds(BySeconds, seconds=st.builds(StateSeconds, pending=lasts, running=lasts))
    by_length = st.builds(ByRealTime, realtime_factor=st.sampled_from([60.0, 1.0]), workers=st.integers(1, 2))
    return immediate | by_polls | by_seconds | by_length


def _rules(courses: SearchStrategy[Course], *, timed: bool) -> SearchStrategy[Rule]:
    own_course = st.none() | courses
    outcomes = (
        st.builds(Then, course=own_course)
        | st.builds(Then, speakers=st.integers(0, 3), course=own_course)
        | st.builds(Then, result=_results(), course=own_course)
        | st.builds(Then, rejected=st.just("The media file cannot be decoded."), course=own_course)
        | st.builds(Then, failed=st.just("Processing failed."), course=own_course)
    )
    # DOC (reference, POST at 3.6): only these statuses.
    refusals = st.sampled_from([429, 507, 413, 403, 422, 400]).flatmap(lambda status: _refusals(status, timed=timed))
    times = st.sampled_from([None, 1, 2])
    return st.builds(Rule, then=outcomes | refusals, times=times)


def _refusals(status: int, *, timed: bool) -> SearchStrategy[Then]:
    if status != 429:
        return st.just(Then(http=status))
    return st.builds(Then, http=st.builds(HttpAnswer, status=st.just(status), retry_after=_waits(timed=timed)))


def _waits(*, timed: bool) -> SearchStrategy[int]:
    return st.integers(1, 60) if timed else st.just(0)


def _results() -> SearchStrategy[JsonObject]:
    """Results with 0 to 3 channels, with or without speech. The order of channels is UNK: any."""
    channels = st.lists(segmentations(max_segments=4, max_speakers=3), max_size=3).map(enumerate).map(tuple)
    return channels.flatmap(st.permutations).map(lambda ordered: json.loads(write_result(tuple(ordered))))


def _faults(*, timed: bool, network: bool) -> SearchStrategy[Fault]:
    some = st.integers(1, 3)
    # DOC (reference, GET at 3.6): only these statuses.
    busy = st.builds(HttpAnswer, status=st.just(429), retry_after=_waits(timed=timed))
    kinds = (
        st.builds(Fault, on=st.just("poll"), http=busy, times=some)
        | st.builds(Fault, on=st.just("submit"), task=st.just("lost"))
        | st.builds(Fault, on=st.just("poll"), http=st.sampled_from([404, 422, 400]))
    )
    if not network:
        return kinds
    cut = st.sampled_from(["close_in_body", "reset_before_headers", "reset_after_headers"])
    kinds |= st.builds(Fault, on=st.sampled_from(["poll", "submit"]), connection=cut, times=some)
    late = st.builds(Latency, fixed=st.sampled_from([SOON / 4, SOON]))
    return kinds if timed else kinds | st.builds(Fault, latency=late, times=some)


def _limits() -> SearchStrategy[Limits]:
    return st.builds(
        Limits,
        rate=st.none() | st.builds(Rate, requests=st.integers(1, 3), seconds=st.integers(1, 60).map(float)),
        queue_length=st.sampled_from([None, 2, 1]),
        finished_seconds=st.none() | st.integers(60, 3600).map(float),
        before_body=st.sampled_from([(), ("rate",), ("queue_length",)]),
    )


def _dialects() -> SearchStrategy[Dialect]:
    return st.builds(
        Dialect,
        x_location=st.sampled_from([None, "relative"]),
        unpopulated=st.sampled_from([None, "absent"]),
        times=st.sampled_from([None, "range"]),
    )
