"""One isolated server's worth of state: its clock, its rules, its tasks, and what was asked of it. Does no I/O.

Everything that follows from a request follows from it alone: (seed, world, file, name, parameters, how often the same request
came before). Nothing runs in the background: a task's state is looked up when somebody asks.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from diarkit_contracts.api.states import TERMINAL, TaskState
from diarkit_mockserver.clock import SECOND, Clock
from diarkit_mockserver.intake.refusals import Condition, Refusal, refuse
from diarkit_mockserver.journal.journal import Journal
from diarkit_mockserver.scenario.course import Workers, lay_out
from diarkit_mockserver.scenario.faults import Fault, HttpFault, Schedule, check_reach
from diarkit_mockserver.scenario.limits import Exceeded, RateWindow
from diarkit_mockserver.scenario.model import HttpAnswer, Scenario, Then
from diarkit_mockserver.world.breakage import break_answer
from diarkit_mockserver.world.ids import AnswerIds, make_id
from diarkit_mockserver.world.outcome import choose_media, decide_outcome, write_outcome
from diarkit_mockserver.world.repeats import Repeats
from diarkit_mockserver.world.rules import RuleBook
from diarkit_mockserver.world.store import Store
from diarkit_mockserver.world.task import Task
from diarkit_mockserver.world.wire import write_task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarkit_mockserver.intake.submission import Submission
    from diarkit_mockserver.scenario.model import Rule
    from diarkit_mockserver.world.visit import Visit

log = logging.getLogger("diarkit")

NO_RULE = Then()


class World:
    """A platform of its own.

    Args:
        name: part of every id drawn here; the default world's is empty.
        scenario: what it is told to answer.
        clock: its time; a running one by default.
    """

    def __init__(self, name: str = "", scenario: Scenario | None = None, clock: Clock | None = None) -> None:
        self.name = name
        self.origin = scenario or Scenario()
        """What `begin_again` goes back to."""
        self.scenario = self.origin
        check_reach(self.scenario.faults, name)
        self.clock = clock or Clock()
        self._answer_ids = AnswerIds(self.scenario.seed, name)
        self.journal = Journal()
        self.tasks = Store(self.scenario.limits)
        self.rules = RuleBook(self.scenario.rules)
        self._schedule = Schedule(self.scenario.faults, self.scenario.seed, name)
        self._rate = None if self.scenario.limits.rate is None else RateWindow(self.scenario.limits.rate, self.clock)
        self._repeats = Repeats()
        self._workers = Workers()

    @property
    def has_faults(self) -> bool:
        """Whether any request may be disturbed."""
        return bool(self._schedule)

    def begin_again(self) -> World:
        """Make a world that is as this one was at its beginning."""
        fresh = World(self.name, self.origin, self.clock.begin_again())
        self.journal.pass_on(fresh.journal)
        return fresh

    def replace_scenario(self, scenario: Scenario) -> None:
        """Take a new scenario for what comes; tasks that are there keep the answers they were accepted with.

        Raises:
            ValueError: for an outage in a world that has a name.
        """
        check_reach(scenario.faults, self.name)
        self.scenario = scenario
        self._answer_ids = AnswerIds(scenario.seed, self.name)
        self.rules = RuleBook(scenario.rules)
        self.replace_faults(scenario.faults)
        self.tasks.replace_limits(scenario.limits)
        self._rate = None if scenario.limits.rate is None else RateWindow(scenario.limits.rate, self.clock)

    def replace_faults(self, faults: Sequence[Fault]) -> None:
        """Take a new schedule of faults; an empty one is none at all.

        Raises:
            ValueError: for an outage in a world that has a name.
        """
        check_reach(faults, self.name)
        self.scenario = replace(self.scenario, faults=tuple(faults))
        self._schedule = Schedule(faults, self.scenario.seed, self.name)

    def add_rule(self, rule: Rule) -> None:
        """Put a rule before those of the scenario, behind the ones added earlier."""
        self.rules.add(rule)

    def count_request(self, visit: Visit) -> None:
        """Hold a request against the rate limit, once.

        Raises:
            Refusal: 429 with the four headers, all of one window.
        """
        if self._rate is None or visit.counted:
            return
        visit.counted = True
        exceeded = self._rate.take()
        if exceeded is not None:
            reason = f"limits.rate: {exceeded.limit} requests in a window"
            raise refuse(Condition.TOO_MANY, reason=reason, headers=exceeded.headers, limit="rate")

    def check_licence(self) -> None:
        """Refuse uploads without a licence.

        Raises:
            Refusal: 403.
        """
        if not self.scenario.limits.licensed:
            raise refuse(Condition.NOT_LICENSED, reason="limits.licensed: false", limit="licensed")

    def check_queue(self) -> None:
        """Refuse an upload when too many tasks are unfinished.

        Raises:
            Refusal: 429.
        """
        longest = self.scenario.limits.queue_length
        if longest is not None and self.tasks.queue_length >= longest:
            self.tasks.settle(self.clock.now())
            if self.tasks.queue_length >= longest:
                now = self.clock.now()
                # Where polls or a hand end the tasks, nobody knows when: any wait would do.
                end = self.tasks.find_next_end(now) or now + SECOND
                wait, reset = -((now - end) // SECOND), self.clock.epoch - (-end // SECOND)
                told = Exceeded(retry_after=wait, limit=longest, remaining=0, reset=reset)
                reason = f"limits.queue_length: {longest}"
                raise refuse(Condition.TOO_MANY, reason=reason, headers=told.headers, limit="queue_length")

    def check_storage(self, size: int) -> None:
        """Refuse a file for which there is no room beside those of the unfinished tasks.

        Raises:
            Refusal: 507.
        """
        room = self.scenario.limits.storage_bytes
        if room is not None and self.tasks.stored_bytes + size > room:
            self.tasks.settle(self.clock.now())
            if self.tasks.stored_bytes + size > room:
                reason = f"limits.storage_bytes: {room}; {self.tasks.stored_bytes} are held by {self.tasks.queue_length} tasks"
                raise refuse(Condition.STORAGE_FULL, reason=reason, limit="storage_bytes")

    def accept(self, submission: Submission, visit: Visit) -> Task:
        """Take an upload in.

        Args:
            submission: its occurrence is counted here.
            visit: of the request that brings it.

        Raises:
            Refusal: if a rule or a fault says so.
        """
        key = make_id("request-1", self.scenario.seed, self.name, *submission.identity)
        count = self._repeats.count(key)
        submission = replace(submission, occurrence=count)
        rule = self.rules.find(submission)
        then = NO_RULE if rule is None else rule.then
        submission = replace(submission, media=choose_media(then, submission.media, self.scenario))
        visit.submission = submission
        if rule is not None:
            visit.rule = str(rule)
        elif miss := self.rules.explain_miss(submission):
            visit.notes.append(miss)
            log.info("%s: %s", submission.filename, miss)
        if submission.media.assumed:
            _warn_of_assumption(submission)
        if (http := then.http_answer) is not None and http.on == "submit":
            raise _answer_with(http, "the rule says so")
        task_id = make_id("task-1", key, count)
        faults = self._meet_faults("submit", submission, task_id, visit)
        now, course = self.clock.now(), then.course or self.scenario.course
        task = Task(
            task_id=task_id,
            submission=submission,
            then=then,
            outcome=decide_outcome(then, submission, self.scenario.limits),
            timetable=lay_out(course, now, submission.media.length, self._workers),
            manual=course == "manual",
        )
        for fault in faults:
            task.suffer(fault)
        self.tasks.add(task, now)
        visit.task_id, visit.state = task_id, TaskState.PENDING
        return task

    def look(self, task_id: str, visit: Visit) -> tuple[Task, TaskState]:
        """Answer a poll, and count it.

        Args:
            task_id: in canonical form.
            visit: of the request that asks.

        Raises:
            Refusal: 404 for a task that this world does not have; or what a rule or a fault says.
        """
        visit.task_id = task_id
        now = self.clock.now()
        task = self.tasks.find(task_id, now)
        if task is None:
            raise refuse(Condition.NOT_FOUND, reason=f"no task {task_id}, or no longer")
        http = task.then.http_answer
        if http is not None and http.on == "poll" and task.refused_polls < http.times:
            task.refused_polls += 1
            raise _answer_with(http, "the task's rule says so")
        if self._schedule:
            request = f"{task_id} {task.polls + task.refused_polls}"
            try:
                self._meet_faults("poll", task.submission, request, visit)
            except Refusal:
                task.refused_polls += 1
                raise
        task.polls += 1
        state = task.state_at(now)
        if state in TERMINAL and task.finished_at is None:
            self.tasks.finish(task, now)
        visit.state = state
        return task, state

    def write(self, task: Task, state: TaskState) -> bytes:
        """Write the body of a poll that sees a task in this state."""
        nulls = self.scenario.dialect.unpopulated == "null"
        if state not in TERMINAL:
            return write_task(task.task_id, state, result=None, error=None, nulls=nulls)
        if task.final_body is None:
            result, error = write_outcome(task.outcome, task.then, task.submission, self.scenario)
            task.final_body = write_task(task.task_id, state, result=result, error=error, nulls=nulls)
            if task.broken is not None and state is TaskState.DONE:
                task.final_body = break_answer(task.final_body, task.broken)
        return task.final_body

    def name_answer(self, trace: str) -> tuple[str, str]:
        """Make the ids of an answer that has none of a task: its request's and its correlation's.

        Args:
            trace: what was asked and answered; ids differ also where that is the same as before.
        """
        first = self._answer_ids.make(trace)
        count = self._repeats.count(first[0])
        return first if count == 1 else self._answer_ids.make(f"{first[0]} {count}")

    def _meet_faults(
        self, operation: Literal["submit", "poll"], submission: Submission, request: str, visit: Visit
    ) -> list[Fault]:
        """Find the faults of a request; those of its answer are noted for later, those of its task returned.

        Raises:
            Refusal: for a fault that is another answer.
        """
        of_task: list[Fault] = []
        for fault, draws in self._schedule.choose(operation, submission, request):
            visit.faults.append(fault.name)
            visit.notes.append(f"fault {fault.name}")
            if (http := fault.http_fault) is not None:
                raise _answer_with(http, "a fault says so")
            if fault.task is not None or fault.result is not None:
                of_task.append(fault)
            else:
                visit.disturbing.append((fault, draws))
        return of_task


def _answer_with(http: HttpAnswer | HttpFault, reason: str) -> Refusal:
    foreign = None
    if isinstance(http, HttpFault) and http.body is not None:
        foreign = (http.body.encode(), http.content_type)
    headers = () if http.retry_after is None else (("retry-after", str(http.retry_after)),)
    return Refusal(http.status, message=http.message, reason=reason, headers=headers, foreign=foreign)


def _warn_of_assumption(submission: Submission) -> None:
    log.warning(
        "%s: the length of this %s file can't be measured; %s s are assumed (install diarkit[media], or set media.duration)",
        submission.filename,
        submission.media.kind,
        submission.media.length / 100,
    )
