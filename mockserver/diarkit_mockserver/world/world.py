"""A world: the state of one isolated platform with its clock, rules, tasks and journal. Performs no I/O.

Answers depend only on seed, world, file, name, parameters and the number of identical earlier requests. There are no background
timers: a task's state is computed on demand. This module is long, as everything that changes a world is in one place.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from diarkit_contracts.api.states import TERMINAL, UNDER_WAY, TaskState
from diarkit_mockserver.clock import Clock
from diarkit_mockserver.intake.parameters import NO_PARAMETERS
from diarkit_mockserver.intake.refusals import Condition, Refusal, refuse
from diarkit_mockserver.intake.submission import Sent, Submission
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.course import cancels, lay_out
from diarkit_mockserver.scenario.faults import Fault, FaultCounts
from diarkit_mockserver.scenario.model import Rule, Scenario, SeededTask, Then
from diarkit_mockserver.scenario.setup import Setup, set_up
from diarkit_mockserver.world.breakage import break_answer
from diarkit_mockserver.world.counters import WorldState
from diarkit_mockserver.world.ids import AnswerIds, hash_key, make_id, write_key
from diarkit_mockserver.world.manual import seed_task
from diarkit_mockserver.world.outcome import choose_media, decide_outcome, find_excess, write_outcome
from diarkit_mockserver.world.store import Store
from diarkit_mockserver.world.task import UNTOUCHED, Outcome, Progress, Task
from diarkit_mockserver.world.visit import Visit
from diarkit_mockserver.world.wire import Acceptance, write_task

log = logging.getLogger("diarkit")

NO_RULE = Then()

NOTHING_ASKED = write_key(*NO_PARAMETERS.values)


class World:
    """An isolated platform.

    Args:
        name: part of the seed of its ids; empty for the default world.
        scenario: its configuration.
        clock: its time; default a running one.
        closed: why a default world refuses uploads, if clients should not use it; empty otherwise.
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
        """Create a world from its state."""
        world = cls.__new__(cls)
        world._take(state)  # noqa: SLF001 - its own
        return world

    def _take(self, state: WorldState) -> None:
        self.origin = state.origin
        """The initial scenario, for `begin_again`."""
        self.closed, self._answer_ids = state.closed, state.answer_ids
        self.clock, self.counters, self.tasks, self.journal = state.clock, state.counters, state.tasks, state.journal
        self._configure(state.setup)

    def _configure(self, setup: Setup) -> None:
        """Set the current configuration, including added rules: read by every request, written by few."""
        self.setup, self.name, self.scenario, self.profile = setup, setup.name, setup.scenario, setup.profile
        self.manner, self.schedule = setup.manner, setup.schedule
        self.acceptance = Acceptance(setup.profile)
        self._key = write_key("request-1", setup.scenario.seed, setup.name)

    def begin_again(self) -> World:
        """Return a new world with the initial state of this one."""
        fresh = World(self.name, self.origin, self.clock.begin_again(), closed=self.closed)
        self.journal.pass_on(fresh.journal)
        return fresh

    def replace_scenario(self, scenario: Scenario) -> None:
        """Replace the scenario for new requests; existing tasks retain their answers.

        New or changed seeded tasks are added.

        Raises:
            ValueError: for an outage in a named world.
        """
        former = self.scenario.tasks
        self._configure(set_up(self.name, scenario))
        self._answer_ids = AnswerIds(scenario.seed, self.name)
        self.counters.begin_scenario()
        self.tasks.replace_limits(scenario.limits)
        self._plant(task for task in scenario.tasks if task not in former)

    def replace_faults(self, faults: Sequence[Fault]) -> None:
        """Replace the schedule of faults; raises ValueError for an outage in a named world."""
        scenario = replace(self.scenario, faults=tuple(faults))
        self._configure(set_up(self.name, scenario, self.setup.rules.added))
        self.counters.faults = FaultCounts()

    def add_rule(self, *rules: Rule) -> None:
        """Add rules before those of the scenario; all of them or none.

        Raises:
            ValueError: for a rule that matches no possible upload, or has a state that the generation lacks.
        """
        book = self.setup.rules
        for rule in rules:
            book = book.add(rule)
        self._configure(set_up(self.name, self.scenario, book.added))

    def list_added(self) -> list[tuple[Rule, int]]:
        """List the added rules in order of precedence, with the number of submissions each has answered."""
        return [(rule, self.counters.rules[number]) for number, rule in self.setup.rules if number < 0]

    def accept(self, submission: Submission, visit: Visit) -> Task:
        """Accept an upload, unless a rule or a fault refuses it."""
        key, rule = self.meet(submission, visit)
        return self.start(submission, visit, key, rule)

    def choose_by_head(self, head: Submission, visit: Visit) -> bool:
        """Count an upload by its head; return whether a rule answers it independently of its body, which is stored in the visit."""
        self.counters.uploads += 1
        head.upload = visit.upload = self.counters.uploads
        visit.chosen = self.setup.rules.find_by_head(head, self.counters.rules)
        return visit.chosen is not None

    def name_submission(self, submission: Submission) -> str:
        """Return a key of equal submissions; with the number of occurrences it determines the task's id."""
        parameters = submission.parameters
        asked = NOTHING_ASKED if parameters is NO_PARAMETERS else write_key(*parameters.values)
        return hash_key(self._key, write_key(submission.sha256, submission.filename), asked)

    def meet(self, submission: Submission, visit: Visit) -> tuple[str, Rule | None]:
        """Count an upload, unless this world is closed, and find the seed of its task's id and the rule that answers it."""
        self._check_open()
        setup, counters = self.setup, self.counters
        key = self.name_submission(submission)
        if not visit.upload:
            counters.uploads += 1
        submission.occurrence, submission.upload = counters.repeats.count(key), visit.upload or counters.uploads
        return key, visit.chosen or setup.rules.find(submission, counters.rules)

    def start(self, submission: Submission, visit: Visit, key: str, rule: Rule | None) -> Task:
        """Start the task of an upload that was counted by `meet`; may raise a Refusal by a rule or a fault."""
        setup, counters = self.setup, self.counters
        then = NO_RULE if rule is None else rule.then
        submission.media = choose_media(then, submission.media, setup.scenario)
        visit.submission = submission
        if rule is not None:
            visit.rule = str(rule)
            if (http := then.http_answer) is not None and not http.polls:
                raise self._answer_with(http, "by the rule")
            if excess := find_excess(then, submission.media):
                visit.notes += (excess,)
                log.warning("%s: %s", submission.filename, excess)
        course = then.course or setup.scenario.course
        if cancels(course):
            outcome = Outcome(TaskState.CANCELLED)
        else:
            outcome = decide_outcome(then, submission, setup.scenario.limits, setup.profile)
        if rule is None and (miss := setup.rules.explain_miss(submission, counters.rules)):
            visit.notes += (miss,)
            # A recording is replayed for its own sake: what it does not have is nobody's wish.
            expected = outcome.state is not TaskState.REJECTED and not any(one.when.exact for _, one in setup.rules)
            level = logging.INFO if expected else logging.WARNING
            log.log(level, "%s: %s", submission.filename, miss)
        if submission.media.assumed and then.segments is None and then.result is None:
            _warn_of_assumption(submission, outcome)
        task_id = hash_key(f'"task-1","{key}",{submission.occurrence}')
        if task_id in setup.seeded:  # copied from an earlier run
            task_id = make_id("task-1", key, submission.occurrence, "beside a seeded one")
        faults = self.meet_faults("submit", submission, task_id, visit)
        now = self.clock.now()
        timetable = lay_out(course, now, submission.media.length, counters.free_at)
        task = Task.make(task_id, submission, then=then, outcome=outcome, timetable=timetable)
        for fault in faults:
            task = task.spoil(fault)
        self.tasks.add(task, now)
        if faults and any(fault.task == "lost" for fault in faults):
            self.tasks.update(task, UNTOUCHED._replace(lost=True))
        visit.task_id, visit.state = task_id, TaskState.PENDING
        return task

    def look(self, task_id: str, visit: Visit) -> tuple[Task, Progress, TaskState]:
        """Answer a poll, and count it; a Refusal for an unknown task, and by a rule or a fault."""
        self._check_open()
        visit.task_id = task_id
        now = self.clock.now()
        task = self.tasks.find(task_id, now)
        if task is None:
            raise refuse(Condition.TASK_UNKNOWN, reason=f"task {task_id} is unknown or expired")
        progress = self.tasks.progress(task)
        if progress.finished_at is None:
            self.tasks.attend(task, now)
        try:
            if (http := task.then.http_answer) is not None and progress.refused_polls < http.polls:
                raise self._answer_with(http, "by the task's rule")
            if self.schedule:
                self.meet_faults("poll", task, f"{task_id} {progress.polls + progress.refused_polls}", visit)
        except Refusal:
            self.tasks.update(task, progress._replace(refused_polls=progress.refused_polls + 1))
            raise
        seen = Progress(progress.polls + 1, *progress[1:])
        visit.state = state = task.state_at(seen, now)
        if visit.disturbing and any(fault.connection for fault, _ in visit.disturbing):
            # Such an answer does not advance the course.
            self.tasks.update(task, progress._replace(refused_polls=progress.refused_polls + 1))
            return task, seen, state
        self.tasks.update(task, seen)
        if seen.finished_at is None and state not in UNDER_WAY:
            self.tasks.finish(task, now)
        if task.is_gone(seen, now):
            visit.state = None
            raise refuse(Condition.TASK_UNKNOWN, reason=f"task {task_id} was cancelled and removed")
        return task, seen, state

    def look_around(self, visit: Visit) -> None:
        """Apply faults to a request for version or status; may raise a Refusal."""
        if self.schedule:
            path = visit.request.path
            count = self.counters.repeats.count(make_id("system-1", self.scenario.seed, self.name, path))
            self.meet_faults("system", None, f"{path} {count}", visit)

    def write(self, task: Task, progress: Progress, state: TaskState) -> bytes:
        """Write the body of a poll for a task in this state."""
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
        """Make request id and correlation id of an answer that is not about a task; repetitions of a trace get different ids."""
        first = self._answer_ids.make(trace)
        count = self.counters.repeats.count(first[0])
        return first if count == 1 else self._answer_ids.make(f"{first[0]} {count}")

    def meet_faults(
        self, operation: Literal["submit", "poll", "system"], submission: Sent | None, request: str, visit: Visit
    ) -> Sequence[Fault]:
        """Find the faults of a request, once: those of its answer are stored in the visit, those of its task returned."""
        if visit.met is not None:
            return visit.met
        if not self.schedule:
            return ()
        of_task: list[Fault] = []
        visit.met = of_task
        for fault, draws in self.schedule.choose(operation, submission, request, self.counters.faults, visit.request):
            visit.faults += (fault.name,)
            visit.notes += (f"fault {fault.name}",)
            if (http := fault.http_answer) is not None:
                raise self._answer_with(http, "by a fault")
            if fault.task is not None or fault.result is not None:
                of_task.append(fault)
            else:
                visit.disturbing += ((fault, draws),)
        return of_task

    def _plant(self, seeded: Iterable[SeededTask]) -> None:
        """Add seeded tasks, which move only by hand."""
        now = self.clock.now()
        for task, progress in (seed_task(one, self.scenario.media) for one in seeded):
            self.tasks.drop(task.task_id)
            self.tasks.add(task, now)
            self.tasks.update(task, progress)
            if task.state_at(progress, now) not in UNDER_WAY:
                self.tasks.finish(task, now)

    def _check_open(self) -> None:
        if self.closed:
            log.warning("%s", self.closed)  # no test's journal would show it
            raise Refusal(404, message=self.closed, reason=self.closed)

    def _answer_with(self, http: HttpAnswer, reason: str) -> Refusal:
        headers = http.list_headers(self.clock.now(), self.clock.epoch)
        return Refusal(http.status, message=http.message, reason=reason, headers=headers, foreign=http.foreign)


def _warn_of_assumption(submission: Submission, outcome: Outcome) -> None:
    if outcome.state is not TaskState.DONE or submission.media.kind == "unknown":
        return
    log.warning(
        "%s: the length of this %s file can't be measured; assuming %s s (set media.duration to change it)",
        submission.filename,
        submission.media.kind,
        submission.media.length / 100,
    )
