"""One isolated server's worth of state: its clock, its rules, its tasks, and what was asked of it. Does no I/O.

Everything that follows from a request follows from it alone: (seed, world, file, name, parameters, how often the same request
came before). Nothing runs in the background: a task's state is looked up when somebody asks.
The file is long, as all that changes a world is in one place.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from diarkit_contracts.api.states import TERMINAL, UNDER_WAY, TaskState
from diarkit_mockserver.clock import Clock
from diarkit_mockserver.intake.refusals import Condition, Refusal, refuse
from diarkit_mockserver.scenario.course import cancels, lay_out
from diarkit_mockserver.scenario.faults import Fault, FaultCounts
from diarkit_mockserver.scenario.model import Scenario, Then
from diarkit_mockserver.scenario.setup import set_up
from diarkit_mockserver.world.breakage import break_answer
from diarkit_mockserver.world.counters import WorldState
from diarkit_mockserver.world.ids import AnswerIds, make_id
from diarkit_mockserver.world.manual import seed_task
from diarkit_mockserver.world.outcome import choose_media, decide_outcome, find_excess, write_outcome
from diarkit_mockserver.world.store import Store
from diarkit_mockserver.world.task import UNTOUCHED, Outcome, Progress, Task
from diarkit_mockserver.world.wire import write_task

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from diarkit_contracts.api.profiles import Profile
    from diarkit_mockserver.intake.submission import Sent, Submission
    from diarkit_mockserver.scenario.answer import HttpAnswer
    from diarkit_mockserver.scenario.dialect import Manner
    from diarkit_mockserver.scenario.faults import Schedule
    from diarkit_mockserver.scenario.model import Rule, SeededTask
    from diarkit_mockserver.scenario.setup import Setup
    from diarkit_mockserver.world.visit import Visit

log = logging.getLogger("diarkit")

NO_RULE = Then()


class World:
    """A platform of its own.

    Args:
        name: part of every id drawn here; the default world's is empty.
        scenario: what it is told to answer.
        clock: its time; a running one by default.
        closed: why it takes no uploads, of a default world that nobody should reach; empty for a world as it should be.
    """

    def __init__(
        self, name: str = "", scenario: Scenario | None = None, clock: Clock | None = None, *, closed: str = ""
    ) -> None:
        origin = scenario or Scenario()
        state = WorldState(
            origin=origin,
            setup=set_up(name, origin),
            answer_ids=AnswerIds(origin.seed, name),
            closed=closed,
            clock=clock or Clock(),
            tasks=Store(origin.limits),
        )
        self._take(state)
        self._plant(origin.tasks)

    @classmethod
    def restore(cls, state: WorldState) -> World:
        """Make a world that goes on from its parts."""
        world = cls.__new__(cls)
        world._take(state)  # noqa: SLF001 - its own
        return world

    def _take(self, state: WorldState) -> None:
        self._closed, self._setup, self._answer_ids = state.closed, state.setup, state.answer_ids
        self.origin = state.origin
        """What `begin_again` goes back to."""
        self.clock, self.counters, self.tasks, self.journal = state.clock, state.counters, state.tasks, state.journal

    @property
    def setup(self) -> Setup:
        """What it is told now, with the rules that were added."""
        return self._setup

    @property
    def closed(self) -> str:
        """Why it takes no uploads; empty if it does."""
        return self._closed

    @property
    def name(self) -> str:
        """Part of every id drawn here."""
        return self._setup.name

    @property
    def scenario(self) -> Scenario:
        """What it is told now."""
        return self._setup.scenario

    @property
    def profile(self) -> Profile:
        """The value of each point on which generations and platforms differ."""
        return self._setup.profile

    @property
    def manner(self) -> Manner | None:
        """How its answers look; None for the usual way."""
        return self._setup.manner

    @property
    def schedule(self) -> Schedule:
        """The faults that requests may meet."""
        return self._setup.schedule

    def begin_again(self) -> World:
        """Make a world that is as this one was at its beginning."""
        fresh = World(self.name, self.origin, self.clock.begin_again(), closed=self._closed)
        self.journal.pass_on(fresh.journal)
        return fresh

    def replace_scenario(self, scenario: Scenario) -> None:
        """Take a new scenario for what comes; tasks that are there keep the answers they were accepted with.

        Tasks that the scenario seeds and the former one did not, or otherwise, are put in.

        Raises:
            ValueError: for an outage in a world that has a name.
        """
        former = self.scenario.tasks
        self._setup = set_up(self.name, scenario)
        self._answer_ids = AnswerIds(scenario.seed, self.name)
        self.counters.begin_scenario()
        self.tasks.replace_limits(scenario.limits)
        self._plant(task for task in scenario.tasks if task not in former)

    def replace_faults(self, faults: Sequence[Fault]) -> None:
        """Take a new schedule of faults; an empty one is none at all.

        Raises:
            ValueError: for an outage in a world that has a name.
        """
        scenario = replace(self.scenario, faults=tuple(faults))
        self._setup = set_up(self.name, scenario, self._setup.rules.added)
        self.counters.faults = FaultCounts()

    def add_rule(self, *rules: Rule) -> None:
        """Put rules before those of the scenario; all of them or none.

        Raises:
            ValueError: for a rule that no upload can meet, or with a state that the generation does not know.
        """
        book = self._setup.rules
        for rule in rules:
            book = book.add(rule)
        self._setup = set_up(self.name, self._setup.scenario, book.added)

    def list_added(self) -> list[tuple[Rule, int]]:
        """List the rules that were added, in the order in which they are asked, and how many submissions each has answered."""
        return [(rule, self.counters.rules[number]) for number, rule in self._setup.rules if number < 0]

    def accept(self, submission: Submission, visit: Visit) -> Task:
        """Take an upload in.

        Args:
            submission: it is completed here, with its number, its occurrence and with what its rule says of its media.
            visit: of the request that brings it.

        Raises:
            Refusal: if a rule or a fault says so.
        """
        key, rule = self.meet(submission, visit)
        return self.start(submission, visit, key, rule)

    def choose_by_head(self, head: Submission, visit: Visit) -> bool:
        """Count an upload by its head; whether a rule answers it whatever its body will be, which is the visit's then."""
        self.counters.uploads += 1
        head.upload = visit.upload = self.counters.uploads
        visit.chosen = self._setup.rules.find_by_head(head, self.counters.rules)
        return visit.chosen is not None

    def name_submission(self, submission: Submission) -> str:
        """Make what the id of a submission's task follows from, together with how often it came."""
        return make_id("request-1", self.scenario.seed, self.name, *submission.identity)

    def meet(self, submission: Submission, visit: Visit) -> tuple[str, Rule | None]:
        """Count an upload, and find the rule that answers it.

        Returns:
            What the id of its task follows from, and the rule.

        Raises:
            Refusal: if nothing is taken here.
        """
        self._check_open()
        setup, counters = self._setup, self.counters
        key = self.name_submission(submission)
        if not visit.upload:
            counters.uploads += 1
        submission.occurrence, submission.upload = counters.repeats.count(key), visit.upload or counters.uploads
        return key, visit.chosen or setup.rules.find(submission, counters.rules)

    def start(self, submission: Submission, visit: Visit, key: str, rule: Rule | None) -> Task:
        """Start the task of an upload that was met.

        Raises:
            Refusal: if a rule or a fault says so.
        """
        setup, counters = self._setup, self.counters
        then = NO_RULE if rule is None else rule.then
        submission.media = choose_media(then, submission.media, setup.scenario)
        visit.submission = submission
        if rule is not None:
            visit.rule = str(rule)
        if (http := then.http_answer) is not None and not http.polls:
            raise self._answer_with(http, "the rule says so")
        course = then.course or setup.scenario.course
        if cancels(course):
            outcome = Outcome(TaskState.CANCELLED)
        else:
            outcome = decide_outcome(then, submission, setup.scenario.limits, setup.profile)
        if rule is None and (miss := setup.rules.explain_miss(submission, counters.rules)):
            visit.notes += (miss,)
            level = logging.WARNING if outcome.state is TaskState.REJECTED else logging.INFO
            log.log(level, "%s: %s", submission.filename, miss)
        if excess := find_excess(then, submission.media):
            visit.notes += (excess,)
            log.warning("%s: %s", submission.filename, excess)
        if submission.media.assumed and then.segments is None and then.result is None:
            _warn_of_assumption(submission, outcome)
        task_id = make_id("task-1", key, submission.occurrence)
        faults = self.meet_faults("submit", submission, task_id, visit)
        now = self.clock.now()
        timetable = lay_out(course, now, submission.media.length, counters.free_at)
        task = Task.make(
            task_id,
            submission,
            then=then,
            outcome=outcome,
            timetable=timetable.never_end() if any(fault.task == "stuck" for fault in faults) else timetable,
            broken=next((fault.result for fault in reversed(faults) if fault.result is not None), None),
        )
        self.tasks.add(task, now)
        if any(fault.task == "lost" for fault in faults):
            self.tasks.update(task, UNTOUCHED._replace(lost=True))
        visit.task_id, visit.state = task_id, TaskState.PENDING
        return task

    def look(self, task_id: str, visit: Visit) -> tuple[Task, Progress, TaskState]:
        """Answer a poll, and count it.

        Args:
            task_id: in canonical form.
            visit: of the request that asks.

        Raises:
            Refusal: 404 for a task that this world does not have; or what a rule or a fault says.
        """
        self._check_open()
        visit.task_id = task_id
        now = self.clock.now()
        task = self.tasks.find(task_id, now)
        if task is None:
            raise refuse(Condition.TASK_UNKNOWN, reason=f"no task {task_id}, or no longer")
        self.tasks.attend(task, now)
        progress = self.tasks.progress(task)
        try:
            http = task.then.http_answer
            if http is not None and progress.refused_polls < http.polls:
                raise self._answer_with(http, "the task's rule says so")
            if self._setup.schedule:
                self.meet_faults("poll", task, f"{task_id} {progress.polls + progress.refused_polls}", visit)
        except Refusal:
            self.tasks.update(task, progress._replace(refused_polls=progress.refused_polls + 1))
            raise
        seen = Progress(progress.polls + 1, *progress[1:])
        visit.state = state = task.state_at(seen, now)
        if any(fault.connection for fault, _ in visit.disturbing):  # such an answer is no step of the course
            self.tasks.update(task, progress._replace(refused_polls=progress.refused_polls + 1))
            return task, seen, state
        self.tasks.update(task, seen)
        if state not in UNDER_WAY:
            self.tasks.finish(task, now)
        if task.is_gone(seen, now):
            visit.state = None
            raise refuse(Condition.TASK_UNKNOWN, reason=f"task {task_id} was cancelled, and is gone")
        return task, seen, state

    def look_around(self, visit: Visit) -> None:
        """Let a request for version or status meet its faults.

        Raises:
            Refusal: if a fault says so.
        """
        if self._setup.schedule:
            path = visit.request.path
            count = self.counters.repeats.count(make_id("system-1", self.scenario.seed, self.name, path))
            self.meet_faults("system", None, f"{path} {count}", visit)

    def write(self, task: Task, progress: Progress, state: TaskState) -> bytes:
        """Write the body of a poll that sees a task in this state."""
        if progress.final_body is not None and state in TERMINAL:
            return progress.final_body
        nulls = self.profile["unpopulated"] == "null"
        if state not in TERMINAL:
            return write_task(task.task_id, state, result=None, error=None, nulls=nulls)
        result, error = write_outcome(task, task.end_of(progress), self.scenario, self.profile)
        body = write_task(task.task_id, state, result=result, error=error, nulls=nulls)
        if task.broken is not None and state is TaskState.DONE:
            body = break_answer(body, task.broken, task.length)
        self.tasks.update(task, self.tasks.progress(task)._replace(final_body=body))
        return body

    def name_answer(self, trace: str) -> tuple[str, str]:
        """Make the ids of an answer that has none of a task: its request's and its correlation's.

        Args:
            trace: what was asked and answered; ids differ also where that is the same as before.
        """
        first = self._answer_ids.make(trace)
        count = self.counters.repeats.count(first[0])
        return first if count == 1 else self._answer_ids.make(f"{first[0]} {count}")

    def meet_faults(
        self, operation: Literal["submit", "poll", "system"], submission: Sent | None, request: str, visit: Visit
    ) -> list[Fault]:
        """Find the faults of a request, once; those of its answer are noted for later, those of its task returned.

        Raises:
            Refusal: for a fault that is another answer.
        """
        if visit.met is not None:
            return visit.met
        of_task: list[Fault] = []
        visit.met = of_task
        for fault, draws in self._setup.schedule.choose(
            operation, submission, request, self.counters.faults, visit.request
        ):
            visit.faults += (fault.name,)
            visit.notes += (f"fault {fault.name}",)
            if (http := fault.http_answer) is not None:
                raise self._answer_with(http, "a fault says so")
            if fault.task is not None or fault.result is not None:
                of_task.append(fault)
            else:
                visit.disturbing += ((fault, draws),)
        return of_task

    def _plant(self, seeded: Iterable[SeededTask]) -> None:
        """Put tasks in that nobody has uploaded; they move by hand only, and so stay where they are."""
        now = self.clock.now()
        for task, progress in (seed_task(one, self.scenario.media) for one in seeded):
            self.tasks.drop(task.task_id)
            self.tasks.add(task, now)
            self.tasks.update(task, progress)
            if task.state_at(progress, now) not in UNDER_WAY:
                self.tasks.finish(task, now)

    def _check_open(self) -> None:
        if self._closed:
            log.warning("%s", self._closed)  # where no test's journal has it, its log does
            raise Refusal(404, message=self._closed, reason=self._closed)

    def _answer_with(self, http: HttpAnswer, reason: str) -> Refusal:
        headers = http.list_headers(self.clock.now(), self.clock.epoch)
        return Refusal(http.status, message=http.message, reason=reason, headers=headers, foreign=http.foreign)


def _warn_of_assumption(submission: Submission, outcome: Outcome) -> None:
    if outcome.state is not TaskState.DONE or submission.media.kind == "unknown":
        return
    log.warning(
        "%s: the length of this %s file can't be measured; %s s are assumed (another length: media.duration)",
        submission.filename,
        submission.media.kind,
        submission.media.length / 100,
    )
