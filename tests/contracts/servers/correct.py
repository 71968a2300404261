"""Servers that keep every clause, each in another way that the documents leave open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from contract_servers.breaking import (
    change_answer,
    change_body,
    change_channel,
    change_look,
    change_mix,
    drop_config,
    refuse_when,
    take_mistakes,
)
from contract_servers.broken_cluster import stick
from contract_servers.broken_connections import end_tasks, lose_when
from contract_servers.broken_manners import has_format, has_header
from contract_servers.correct_ways import (
    add_fields,
    add_id_of_proxy,
    add_location,
    add_milliseconds,
    answer_400_for_no_json,
    answer_under,
    drop_ids,
    drop_ids_of_refusals,
    drop_made_ids,
    end_a_little_later,
    end_at_its_start,
    end_at_once,
    end_with_slash,
    expire,
    explain_anew,
    forget_who_hardly_speaks,
    lead_to_localhost,
    limit_by_date,
    number_anew,
    overlap_and_count_backwards,
    queue_again,
    refuse_ids,
    reject_later,
    say_in_capitals,
    speak_slovak,
    split_speakers,
    tell_cancelled,
    tell_end_at_once,
    tell_null_for_nothing,
    write_numbers_otherwise,
    write_otherwise,
)
from contract_servers.fake import Fake

from diarkit_contracts.api.dialect import Dialect
from diarkit_contracts.api.profiles import DEFAULT, PROFILES, Profile
from diarkit_contracts.exchanges.exchange import Loss
from diarkit_mockserver.scenario.course import ByPolls, ByRealTime, BySeconds, PollCounts, StateSeconds
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.model import Rule, Scenario, Then

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract_servers.fake import Server

    from diarkit_mockserver.clock import Clock

USUAL = Scenario()

NO_TELEPHONE = (has_format(3), has_format(0xFFFE), has_format(1, bits=8), has_format(1, bits=32), has_format(1, 96_000))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Correct:
    """A server that keeps the contract.

    Attributes:
        name: what is its own way.
        wrap: puts it around the fake.
        warns: ids of the clauses that say it differs from what is inferred; none of them fails a run.
        profile: the generation that it is of.
    """

    name: str
    wrap: Callable[[Server], Server] = lambda server: server
    scenario: Scenario = USUAL
    warns: frozenset[str] = frozenset()
    profile: Profile = DEFAULT

    def build(self) -> tuple[Server, Clock]:
        """Make the server, and the clock of its world."""
        fake = Fake(self.scenario)
        return self.wrap(fake), fake.clock


CORRECT: Final[tuple[Correct, ...]] = (
    Correct(name="the fake as it is"),
    Correct(name="relative X-Location", scenario=Scenario(dialect=Dialect(x_location="relative"))),
    Correct(name="absent instead of null", scenario=Scenario(dialect=Dialect(unpopulated="absent"))),
    Correct(name="times from range_from", scenario=Scenario(dialect=Dialect(times="range"))),
    Correct(name="done at the first look", scenario=Scenario(course="immediate")),
    Correct(name="running at once", wrap=change_answer(end_at_once)),
    Correct(name="never running", scenario=Scenario(course=ByPolls(polls=PollCounts(pending=2)))),
    Correct(name="slow", scenario=Scenario(course=BySeconds(seconds=StateSeconds(pending=20, running=60)))),
    Correct(name="one worker", scenario=Scenario(course=ByRealTime(realtime_factor=2))),
    Correct(name="rate-limited", scenario=Scenario(limits=Limits(rate=Rate(requests=5, seconds=10)))),
    Correct(name="rate-limited by the second", scenario=Scenario(limits=Limits(rate=Rate(requests=1, seconds=1)))),
    Correct(name="a queue of one", scenario=Scenario(limits=Limits(queue_length=1))),
    Correct(name="done in the 202", wrap=tell_end_at_once, scenario=Scenario(course="immediate")),
    Correct(name="X-Location with another name of this computer", wrap=change_answer(lead_to_localhost)),
    Correct(name="tasks that expire", wrap=expire),
    Correct(name="one finished task kept", scenario=Scenario(limits=Limits(finished_tasks=1))),
    Correct(name="another draw", scenario=Scenario(seed=7)),
    Correct(
        name="a task that fails",
        scenario=Scenario(rules=(Rule(then=Then(failed="The GPU is gone."), times=1),)),
    ),
    Correct(name="an answer in fifty is lost", wrap=lose_when(lambda number, _: number % 50 == 0)),
    Correct(name="its first answer is lost", wrap=lose_when(lambda number, _: number == 1)),
    Correct(name="its last answers come late once", wrap=lose_when(lambda number, _: number == 60, Loss.TOO_SLOW)),
    Correct(name="its third task fails", wrap=end_tasks(lambda number: "failed" if number == 3 else "done")),
    Correct(name="its second task does not end", wrap=end_tasks(lambda number: "running" if number == 2 else "done")),
    Correct(name="X-Location with a slash at the end", wrap=end_with_slash),
    Correct(name="a date in Retry-After", wrap=limit_by_date),
    Correct(
        name="one task at a time",
        scenario=Scenario(limits=Limits(queue_length=1), course=ByRealTime(realtime_factor=1)),
    ),
    Correct(name="null for what an error leaves out", wrap=change_answer(tell_null_for_nothing)),
    Correct(name="no detail", wrap=change_body("refusal", lambda body: body.pop("detail"))),
    Correct(name="no detail in a task", wrap=change_body("rejected", lambda body: body["error"].pop("detail"))),
    Correct(name="other messages", wrap=change_answer(speak_slovak)),
    Correct(name="fields and headers of its own", wrap=change_answer(add_fields)),
    Correct(name="JSON with room and sorted keys", wrap=change_answer(write_otherwise)),
    Correct(name="numbers with zeros and exponents", wrap=change_answer(write_numbers_otherwise)),
    Correct(name="ids in capitals", wrap=change_answer(say_in_capitals)),
    Correct(name="400 for a config that is no JSON", wrap=answer_400_for_no_json),
    Correct(name="422 for a file that is no audio", wrap=refuse_when(lambda asked: b"This is not audio" in asked.body)),
    Correct(name="404 for an id that is no UUID", wrap=refuse_ids(404)),
    Correct(name="400 for an id that is no UUID", wrap=refuse_ids(400)),
    Correct(name="mistakes rejected later", wrap=reject_later),
    Correct(name="mistakes that fail", wrap=lambda server: reject_later(server, "failed", "internal")),
    Correct(
        name="total_speakers wins over max_speakers",
        wrap=take_mistakes(
            ("body", "config"), drop_config, lambda config: b'"total_speakers"' in config and b'"max_' in config
        ),
        warns=frozenset({"refusal.both-limits"}),
    ),
    Correct(
        name="what a parameter does not allow is left out",
        wrap=take_mistakes(("query",), lambda asked: replace(asked, query="")),
        warns=frozenset({"refusal.bad-query"}),
    ),
    Correct(name="422 for less than 0.8 s", wrap=refuse_when(lambda asked: 8_000 < len(asked.body) < 9_000)),
    Correct(name="422 for a name without a suffix", wrap=refuse_when(lambda asked: b'"no-suffix"' in asked.body)),
    Correct(name="411 for a body without its length", wrap=refuse_when(has_header("Transfer-Encoding"), 411)),
    Correct(name="417 for an expectation", wrap=refuse_when(has_header("Expect"), 417)),
    Correct(
        name="422 for audio that is not of a telephone",
        wrap=refuse_when(lambda asked: any(is_such(asked) for is_such in NO_TELEPHONE)),
        warns=frozenset({"acceptance.upload"}),
    ),
    Correct(
        name="a speaker for each segment, up to max_speakers",
        wrap=split_speakers,
        warns=frozenset({"audio.speakers", "audio.mix-speakers", "audio.error-rate", "audio.range-error-rate"}),
    ),
    Correct(
        name="422 for a range that ends after the file", wrap=refuse_when(lambda asked: "range_to=99" in asked.query)
    ),
    Correct(name="ends a little after the sound", wrap=change_channel(end_a_little_later)),
    Correct(
        name="a segment of no length", wrap=change_channel(end_at_its_start), warns=frozenset({"result.has-length"})
    ),
    Correct(
        name="an error in the words of the moment",
        wrap=change_look(explain_anew),
        warns=frozenset({"task.identical-polls"}),
    ),
    Correct(
        name="a task that waits again",
        wrap=queue_again,
        scenario=Scenario(course=ByPolls(polls=PollCounts(pending=1, running=3))),
        warns=frozenset({"task.no-way-back"}),
    ),
    Correct(
        name="a result that is told while it runs",
        wrap=change_body("running", lambda body: body.update(result={"channels": []})),
        warns=frozenset({"task.nothing-before-end"}),
    ),
    Correct(
        name="chosen channels numbered from 0",
        wrap=number_anew,
        warns=frozenset({"parameters.channel-numbers"}),
    ),
    Correct(
        name="X-Location alone, in the generation of 3.7",
        profile=PROFILES["3.7"],
        scenario=Scenario(seed=3),
        warns=frozenset({"shape.headers"}),
    ),
    Correct(name="Location beside X-Location", wrap=change_answer(add_location)),
    Correct(name="the generation of 3.7", wrap=change_answer(add_location), profile=PROFILES["3.7"]),
    Correct(name="the generation of 5.0", wrap=tell_cancelled, profile=PROFILES["5.0"]),
    Correct(name="a cookie of the node with each task", wrap=stick(lambda _: True)),
    Correct(name="no ids in answers", wrap=change_answer(drop_ids)),
    Correct(name="ids only where they were sent", wrap=change_answer(drop_made_ids)),
    Correct(name="no request id in refusals", wrap=change_answer(drop_ids_of_refusals)),
    Correct(name="a proxy that adds a request id", wrap=change_answer(add_id_of_proxy)),
    Correct(name="behind a prefix", wrap=answer_under("/speech")),
    Correct(name="a mix without who hardly speaks", wrap=change_mix(forget_who_hardly_speaks)),
    Correct(name="three decimals", wrap=change_channel(add_milliseconds), warns=frozenset({"result.two-decimals"})),
    Correct(
        name="overlapped speech under numbers of its own",
        wrap=change_channel(overlap_and_count_backwards),
        warns=frozenset({"result.no-overlap", "result.ids-by-appearance"}),
    ),
)
"""What differs here, no client may rely on."""
