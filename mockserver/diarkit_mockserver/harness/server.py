"""The fake as seen by one test: a world to configure and to inspect.

Everything is a call of the control API, so that fakes in this process, shared by processes, and on other machines behave the same.
This module is long, as it is the complete interface for tests.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar, Unpack

from diarkit_mockserver.clock import ClockView
from diarkit_mockserver.control import calls
from diarkit_mockserver.control.call import Order
from diarkit_mockserver.control.client import Sender, read_entries
from diarkit_mockserver.control.orders import Answers, Expectations, FaultList, Move, NewState
from diarkit_mockserver.control.problem import UnknownError
from diarkit_mockserver.control.views import CoverageView, TaskView
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.intake.submission import Submission
from diarkit_mockserver.journal.conduct import ConductFinding, judge
from diarkit_mockserver.journal.journal import Entry
from diarkit_mockserver.journal.verification import Expected, describe_verdict
from diarkit_mockserver.scenario.answer import HttpLike
from diarkit_mockserver.scenario.faults import Fault
from diarkit_mockserver.scenario.load import ScenarioLike, read_scenario
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.scenario.plain import read_plain
from diarkit_mockserver.scenario.setup import put_under
from diarkit_mockserver.scenario.shorthand import ANSWERS, CourseLike, Matching, SegmentLike, write_rule, write_when
from diarkit_mockserver.world.platform import WORLDS

Returned = TypeVar("Returned")


class DiarizationServer:
    """The fake as seen by one test: a separate world on a running server.

    Args:
        control: sends calls to the server.
        name: of the existing world; empty for the default one, at the root.
        count: receives the coverage when the world ends; None to collect none.
        stop: stops a server that belongs to this world.
        elsewhere: number of exchanges of the default world so far, to report later ones; None to report none.
        base: of each scenario that is loaded.
    """

    def __init__(  # noqa: PLR0913 - what it is, where, and what ends with it
        self,
        control: Sender,
        name: str,
        count: Callable[[CoverageView], None] | None = None,
        *,
        stop: Callable[[], None] | None = None,
        elsewhere: int | None = None,
        base: Scenario = Scenario(),  # noqa: B008 - a frozen value
    ) -> None:
        self._base = base
        self._control = control
        self._name = name
        self._count = count
        self._stop = stop
        self._elsewhere = elsewhere
        self.url = f"{control.url}{WORLDS}{name}" if name else control.url
        """Base URL for the client under test, instead of `http://localhost:8000`."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}>"

    @property
    def endpoint(self) -> str:
        """URL of the diarization operation."""
        return self.url + ENDPOINT

    def close(self) -> None:
        """Remove the world from the server; late requests get a 404."""
        with contextlib.suppress(UnknownError):
            if self._count is not None:
                self._count(self._ask(calls.read_coverage()))
            if self._stop is None:
                self._control.send(calls.drop_world(self._name))
        if self._stop is not None:
            self._stop()

    def respond(  # noqa: PLR0913 - a rule, in one line of a test
        self,
        *,
        times: int | None = None,
        result: Mapping[str, object] | None = None,
        segments: Sequence[Sequence[SegmentLike]] | None = None,
        speakers: int | None = None,
        rttm: str | Path | None = None,
        failed: str | None = None,
        rejected: str | None = None,
        http: HttpLike | None = None,
        der: float | None = None,
        course: CourseLike | None = None,
        breaks_contract: bool = False,
        **matching: Unpack[Matching],
    ) -> None:
        """Prepare the answer to submissions.

        Without a matcher it answers only the next submission, or the next `times`; such answers are used first, in order. With a matcher it
        answers every matching submission; if several match, the latest wins, so a test overrides its conftest. `filename="*"` matches
        every upload.

        Args:
            matching: which submissions: `filename`, `config`, `headers`, `upload` and the others of `Matching`.
            times: number of submissions.
            result: the platform's `result`, verbatim.
            segments: of each channel; the request's parameters are applied.
            speakers: number in each channel, in a generated conversation.
            rttm: file with the segments; the request's parameters are applied.
            failed: the task fails, with this message.
            rejected: the task is rejected, with this message.
            http: another HTTP status, or its details, also as a dict: `{"status": 503, "retry_after": 5}`.
            der: diarization error rate of the answer, from 0 to 0.5.
            course: when each state is reached.
            breaks_contract: allow any `result`.

        Raises:
            ValueError: for invalid arguments, such as two outcomes, or a result that violates the contract.
        """
        rule = write_rule(
            when=write_when(matching, ANSWERS),
            times=times,
            result=result,
            segments=segments,
            speakers=speakers,
            rttm=rttm,
            failed=failed,
            rejected=rejected,
            http=http,
            der=der,
            course=course,
            breaks_contract=breaks_contract,
        )
        self._ask(calls.add_answers(Answers(rules=(rule,))))

    def load(self, scenario: ScenarioLike) -> None:
        """Replace this world's configuration by a scenario, the file at a path, or a dict. Existing tasks are unchanged.

        Defaults, including the course, are those of `diarkit serve`, except that a file that is not audio counts as a minute of it unless
        the test is strict.

        Raises:
            ValueError: for an invalid scenario, with all errors.
            OSError: for a file that can't be read.
        """
        self._ask(calls.replace_scenario(put_under(read_scenario(scenario), self._base)))

    def set_faults(self, *faults: Fault | Mapping[str, object]) -> None:
        """Replace the schedule of faults.

        Args:
            faults: also as in a scenario file: `{"on": "poll", "http": 503, "times": 2}`.

        Raises:
            ValueError: for an outage, which would affect other worlds.
        """
        read = (read_plain(Fault, fault) for fault in faults)
        self._ask(calls.replace_faults(FaultList(faults=(*self._base.faults, *read))))

    def clear_faults(self) -> None:
        """Remove all faults; their effects on tasks remain."""
        self._ask(calls.clear_faults())

    def reset(self) -> None:
        """Reset this world to its creation: only the tasks of its scenario, no journal."""
        self._ask(calls.reset_world())

    @property
    def clock(self) -> ClockView:
        """This world's time."""
        return self._ask(calls.read_clock())

    def advance(self, seconds: float) -> None:
        """Move this world's time forward.

        Raises:
            ValueError: for a negative number of seconds.
        """
        self._ask(calls.advance_clock(Move(seconds=seconds)))

    def freeze(self) -> None:
        """Stop this world's time; `advance` still moves it."""
        self._ask(calls.freeze_clock())

    def resume(self) -> None:
        """Let this world's time continue."""
        self._ask(calls.resume_clock())

    @property
    def tasks(self) -> tuple[TaskView, ...]:
        """All tasks, oldest first. This does not count as a poll."""
        return self._ask(calls.list_tasks())

    def step(self, task_id: str) -> None:
        """Move a task of a `manual` course to its next state; no effect in a final one.

        Raises:
            KeyError: for an unknown task.
            ValueError: for a task with another course.
        """
        self._ask(calls.step_task(task_id))

    def move(
        self,
        task_id: str,
        state: Literal["running", "done", "failed", "rejected", "cancelled"],
        message: str | None = None,
    ) -> None:
        """Move a task of a `manual` course to a following state, with the message of its error.

        Raises:
            KeyError: for an unknown task.
            ValueError: for a task with another course, or an illegal transition.
        """
        self._ask(calls.move_task(task_id, NewState(state=state, message=message)))

    @property
    def journal(self) -> tuple[Entry, ...]:
        """The client's requests and their answers, oldest first, including credentials."""
        return read_entries(self._control, self._name)[0]

    def clear_journal(self) -> None:
        """Delete the journal; tasks, rules and time are unchanged."""
        self._ask(calls.clear_journal())

    @property
    def submissions(self) -> tuple[Submission, ...]:
        """The client's uploads, oldest first."""
        return tuple(entry.submission for entry in self.journal if entry.submission is not None)

    def polls(self, task_id: str) -> tuple[Entry, ...]:
        """Return the polls of a task, oldest first."""
        entries, _ = read_entries(self._control, self._name, task=task_id)
        return tuple(entry for entry in entries if entry.request.method == "GET")

    def assert_submitted(self, *, times: int | None = None, **matching: Unpack[Matching]) -> None:
        """Check that the client made a submission, whether or not it was refused.

        Args:
            times: number of such submissions; default at least one.
            matching: matchers as in `respond`.

        Raises:
            AssertionError: with the closest submissions, field by field, and the last exchanges.
        """
        __tracebackhide__ = True
        when = write_when(matching, ["times"])
        verdict = self._ask(calls.verify_journal(Expectations(expected=(Expected(when=when, times=times),))))
        if not verdict.holds:
            raise AssertionError(describe_verdict(verdict))

    def assert_all_used(self) -> None:
        """Check that each answer prepared by `respond` was used at least once, or raise AssertionError."""
        __tracebackhide__ = True
        unused = [answer for answer in self._ask(calls.list_answers()) if not answer.used]
        if unused:
            raise AssertionError("\n  ".join(["prepared answers that were not used:", *map(str, unused)]))

    def report(self) -> str:
        """Return a report of this world: exchanges, tasks, conduct, unused answers, requests outside of all worlds."""
        from diarkit_mockserver.harness.report import write_report  # noqa: PLC0415 - rarely used

        return "\n".join(write_report(self._control, self._name, self._elsewhere))

    def conduct(self, *, pace_s: float = 0.0, ignore: Collection[str] = ()) -> tuple[ConductFinding, ...]:
        """Judge the client's conduct in this world.

        Args:
            pace_s: minimum seconds of this world's time between two polls of a task.
            ignore: ids of rules to skip.
        """
        entries, page = read_entries(self._control, self._name)
        held = frozenset(page.connections)
        return judge(entries, now=page.now, open_connections=held, pace_s=pace_s, ignore=ignore, epoch=page.epoch)

    def _ask(self, order: Order[Returned]) -> Returned:
        return self._control.send(order, self._name)
