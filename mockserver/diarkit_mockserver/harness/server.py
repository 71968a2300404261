"""The fake as one test sees it: a world of its own, to talk to and to ask. Knows how to ask, not who answers.

Everything is a call of the control API, so that a fake in this process, one that several processes share, and one on another
machine are the same to a test. A long file, as all that a test can say and ask stands in one class.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Literal, TypeVar, Unpack

from diarkit_mockserver.control import calls
from diarkit_mockserver.control.client import read_pages
from diarkit_mockserver.control.orders import Answers, Expectations, FaultList, Move, NewState
from diarkit_mockserver.control.problem import UnknownError
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.journal.export import read_entry
from diarkit_mockserver.journal.verification import Expected, describe_verdict
from diarkit_mockserver.scenario.faults import Fault
from diarkit_mockserver.scenario.load import ScenarioLike, read_scenario
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.scenario.plain import read_plain
from diarkit_mockserver.scenario.setup import put_under
from diarkit_mockserver.scenario.shorthand import ANSWERS, write_rule, write_when
from diarkit_mockserver.world.platform import WORLDS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from diarkit_mockserver.clock import ClockView
    from diarkit_mockserver.control.call import Order
    from diarkit_mockserver.control.client import Sender
    from diarkit_mockserver.control.views import CoverageView, JournalPage, TaskView
    from diarkit_mockserver.intake.submission import Submission
    from diarkit_mockserver.journal.conduct import ConductFinding
    from diarkit_mockserver.journal.journal import Entry
    from diarkit_mockserver.scenario.answer import HttpLike
    from diarkit_mockserver.scenario.shorthand import CourseLike, Matching, SegmentLike

Told = TypeVar("Told")


class DiarizationServer:
    """The fake, as one test sees it: a world of its own on a running server.

    Args:
        control: takes calls to the server.
        name: of the world; it is there already. Empty for the default one, at the root.
        count: takes what the client met, when the world ends; None if nobody asks.
        stop: ends the server that is this world's alone.
        elsewhere: how many exchanges the default world had by then; None leaves its later ones out of reports.
        base: what lies under each scenario that it is given.
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
        """Base URL for the client under test, in place of `http://localhost:8000`."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}>"

    @property
    def endpoint(self) -> str:
        """URL of the diarization operation."""
        return self.url + ENDPOINT

    def close(self) -> None:
        """Take the world off the server; requests that come late get a 404."""
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

        Without a matcher it answers the next submission only, or the next `times`; such answers are used before others, in order.
        With a matcher it answers every submission that matches; if several match, the latest wins, so a test overrides its
        conftest. `filename="*"` matches every upload.

        Args:
            matching: which submissions: `filename`, `config`, `headers`, `upload` and the others of `Matching`.
            times: how many submissions.
            result: the platform's `result`, as it stands.
            segments: for each channel, the segments of the result; a request for a part of the file gets a part of them.
            speakers: so many in each channel, in a conversation drawn for the file.
            rttm: file of the speech; the request's parameters are applied.
            failed: the task fails, with this message.
            rejected: the task is rejected, with this message.
            http: another HTTP status, or its details, also as a dict: `{"status": 503, "retry_after": 5}`.
            der: diarization error rate of the answer, from 0 to 0.5.
            course: when each state comes.
            breaks_contract: let `result` be anything.

        Raises:
            ValueError: for what makes no sense, such as two outcomes, or a result that breaks the contract.
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
        """Replace this world's configuration by a scenario, the file at a path, or a dict. Tasks that are there stay as they are.

        What it leaves unset is as in a file for `diarkit serve`, the course too, but for what is no audio: a minute of it here, unless
        the test is strict.

        Raises:
            ValueError: for a file that is not a scenario, with all that is wrong with it.
            OSError: for a file that can't be read.
        """
        self._ask(calls.replace_scenario(put_under(read_scenario(scenario), self._base)))

    def set_faults(self, *faults: Fault | Mapping[str, object]) -> None:
        """Let this world misbehave on a schedule, instead of the one that it had.

        Args:
            faults: also as in a scenario file: `{"on": "poll", "http": 503, "times": 2}`.

        Raises:
            ValueError: for an outage, which would reach beyond this world.
        """
        told = (read_plain(Fault, fault) for fault in faults)
        self._ask(calls.replace_faults(FaultList(faults=(*self._base.faults, *told))))

    def clear_faults(self) -> None:
        """Let this world misbehave no more; what happened to tasks stays."""
        self._ask(calls.clear_faults())

    def reset(self) -> None:
        """Let this world begin again: as when it was made, without tasks but those of its scenario, without a journal."""
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
        """Let this world's time run on."""
        self._ask(calls.resume_clock())

    @property
    def tasks(self) -> tuple[TaskView, ...]:
        """All tasks, the oldest first. To look here counts as no poll."""
        return self._ask(calls.list_tasks())

    def step(self, task_id: str) -> None:
        """Move a task of a `manual` course to its next state; a final one stays.

        Raises:
            KeyError: for a task that this world does not have.
            ValueError: for a task that has a course of its own.
        """
        self._ask(calls.step_task(task_id))

    def move(
        self,
        task_id: str,
        state: Literal["running", "done", "failed", "rejected", "cancelled"],
        message: str | None = None,
    ) -> None:
        """Move a task of a `manual` course to a state that may follow, with the message of its error.

        Raises:
            KeyError: for a task that this world does not have.
            ValueError: for a task that has a course of its own, and for a state that can't follow.
        """
        self._ask(calls.move_task(task_id, NewState(state=state, message=message)))

    @property
    def journal(self) -> tuple[Entry, ...]:
        """What the client asked and what it was answered, the oldest first; with all values, also of credentials."""
        return self._read_journal()[0]

    def clear_journal(self) -> None:
        """Forget what the client did; tasks, rules and time stay as they are."""
        self._ask(calls.clear_journal())

    @property
    def submissions(self) -> tuple[Submission, ...]:
        """What the client sent, the oldest first."""
        return tuple(entry.submission for entry in self.journal if entry.submission is not None)

    def polls(self, task_id: str) -> tuple[Entry, ...]:
        """Return the client's looks at one task, the oldest first."""
        return tuple(entry for entry in self._read_journal(task_id)[0] if entry.request.method == "GET")

    def assert_submitted(self, *, times: int | None = None, **matching: Unpack[Matching]) -> None:
        """Check that the client made a submission, also if it was refused.

        Args:
            times: how many such submissions there must be; by default at least one.
            matching: which ones, by the same matchers as in `respond`.

        Raises:
            AssertionError: with the submissions that came nearest, field by field, and the last exchanges.
        """
        __tracebackhide__ = True
        when = write_when(matching, ["times"])
        verdict = self._ask(calls.verify_journal(Expectations(expected=(Expected(when=when, times=times),))))
        if not verdict.holds:
            raise AssertionError(describe_verdict(verdict))

    def assert_all_used(self) -> None:
        """Check that each answer that `respond` prepared was used, once at least.

        Raises:
            AssertionError: with those that were not.
        """
        __tracebackhide__ = True
        unused = [answer for answer in self._ask(calls.list_answers()) if not answer.used]
        if unused:
            raise AssertionError("\n  ".join(["answers prepared and never used:", *map(str, unused)]))

    def report(self) -> str:
        """Say what happened in this world: exchanges, tasks, conduct, answers that were not used, requests beside it."""
        from diarkit_mockserver.harness.report import write_report  # noqa: PLC0415 - only those who ask pay for it

        return "\n".join(write_report(self._control, self._name, self._elsewhere))

    def conduct(self, *, pace_s: float = 0.0, ignore: Collection[str] = ()) -> tuple[ConductFinding, ...]:
        """Judge the client by all that it did in this world.

        Args:
            pace_s: least seconds of this world's time from one poll of a task to the next.
            ignore: ids of rules to leave out.
        """
        from diarkit_mockserver.journal.conduct import judge  # noqa: PLC0415 - only those who ask pay for it

        entries, page = self._read_journal()
        held = frozenset(page.connections)
        return judge(entries, now=page.now, open_connections=held, pace_s=pace_s, ignore=ignore, epoch=page.epoch)

    def _read_journal(self, task: str | None = None) -> tuple[tuple[Entry, ...], JournalPage]:
        """Read the journal to its end; the last page has time and connections."""
        pages = tuple(read_pages(self._control, self._name, task=task, reveal=self._control.reveals))
        return tuple(read_entry(each) for page in pages for each in page.entries), pages[-1]

    def _ask(self, order: Order[Told]) -> Told:
        return self._control.send(order, self._name)
