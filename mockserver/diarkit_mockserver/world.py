"""One isolated server's worth of state: its clock, its rules, its tasks, and what was asked of it. Does no I/O.

Everything that follows from a request follows from it alone: (seed, world, file, name, parameters, how often the same request
came before). Nothing runs in the background: a task's state is looked up when somebody asks.
"""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from diarkit_contracts.states import TERMINAL, TaskState
from diarkit_mockserver.answer import choose_media, decide_outcome, write_outcome
from diarkit_mockserver.clock import Clock
from diarkit_mockserver.course import Workers, lay_out
from diarkit_mockserver.refusals import Condition, Refusal, refuse
from diarkit_mockserver.scenario import Rule, Scenario, Then
from diarkit_mockserver.task import Poll, Task
from diarkit_mockserver.wire import write_task

if TYPE_CHECKING:
    from diarkit_mockserver.submission import Submission

log = logging.getLogger("diarkit")

REMEMBERED = 10_000
"""Submissions and polls that are kept for a look back: as many as the longest test asks for, not as many as a day brings."""

NO_RULE = Then()


def make_id(*key: object) -> str:
    """Derive a UUID from a key, in the form of a random one (version 4, as in the reference's examples)."""
    digest = hashlib.sha256(json.dumps(key, separators=(",", ":")).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


class World:
    """A platform of its own.

    Args:
        name: part of every id drawn here; the default world's is empty.
        scenario: what it is told to answer.
        clock: its time; a running one by default.
    """

    def __init__(self, name: str = "", scenario: Scenario | None = None, clock: Clock | None = None) -> None:
        self.name = name
        self.scenario = scenario or Scenario()
        self.clock = clock or Clock()
        self.tasks: dict[str, Task] = {}
        self.submissions: deque[Submission] = deque(maxlen=REMEMBERED)
        self.polls: deque[Poll] = deque(maxlen=REMEMBERED)
        self._rules: list[Rule] = list(self.scenario.rules)
        self._first_own = 0
        self._used: dict[int, int] = {}
        self._came: dict[str, int] = {}
        self._workers = Workers()

    def respond(self, rule: Rule) -> None:
        """Put a rule before those of the scenario, behind the ones given earlier."""
        self._rules.insert(self._first_own, rule)
        self._first_own += 1

    def accept(self, submission: Submission) -> Task:
        """Take an upload in.

        Args:
            submission: its occurrence is counted here.

        Raises:
            Refusal: if the rule that answers it says so.
        """
        key = make_id(
            "request-1", self.scenario.seed, self.name, submission.sha256, submission.filename, _canonical(submission)
        )
        count = self._came.get(key, 0) + 1
        submission = replace(submission, occurrence=count)
        self._came[key] = count
        rule = self._find_rule(submission)
        then = NO_RULE if rule is None else rule.then
        if submission.media.assumed:
            log.warning(
                "%s: the length of this %s file can't be measured; %s s are assumed (install diarkit[media], or set media.duration)",
                submission.filename,
                submission.media.kind,
                submission.media.length / 100,
            )
        submission = replace(submission, media=choose_media(then, submission.media, self.scenario))
        self.submissions.append(submission)
        http = then.http_answer
        if http is not None and http.on == "submit":
            reason = f"the rule for {rule} says so"
            raise Refusal(http.status, message=http.message, retry_after=http.retry_after, reason=reason)
        task_id = make_id("task-1", key, count)
        course = then.course or self.scenario.course
        task = Task(
            task_id=task_id,
            submission=submission,
            then=then,
            outcome=decide_outcome(then, submission),
            timetable=lay_out(course, self.clock.now(), submission.media.length, self._workers),
        )
        self.tasks[task_id] = task
        return task

    def look(self, task_id: str) -> tuple[Task, TaskState]:
        """Answer a poll, and count it.

        Args:
            task_id: in canonical form.

        Raises:
            Refusal: 404 for a task that this world does not have; or what the task's rule says.
        """
        task = self.tasks.get(task_id)
        now = self.clock.now()
        if task is None:
            self.polls.append(Poll(task_id, 404, None, now))
            raise refuse(Condition.NOT_FOUND, reason=f"no task {task_id}")
        http = task.then.http_answer
        if http is not None and http.on == "poll" and task.refused_polls < http.times:
            task.refused_polls += 1
            self.polls.append(Poll(task_id, http.status, None, now))
            raise Refusal(
                http.status, message=http.message, retry_after=http.retry_after, reason="the task's rule says so"
            )
        task.polls += 1
        state = task.state_at(now)
        self.polls.append(Poll(task_id, 200, state, now))
        return task, state

    def write(self, task: Task, state: TaskState) -> bytes:
        """Write the body of a poll that sees a task in this state."""
        nulls = self.scenario.dialect.unpopulated == "null"
        if state not in TERMINAL:
            return write_task(task.task_id, state, result=None, error=None, nulls=nulls)
        if task.final_body is None:
            result, error = write_outcome(task.outcome, task.then, task.submission, self.scenario)
            task.final_body = write_task(task.task_id, state, result=result, error=error, nulls=nulls)
        return task.final_body

    def _find_rule(self, submission: Submission) -> Rule | None:
        for rule in self._rules:
            used = self._used.get(id(rule), 0)
            if rule.times is not None and used >= rule.times:
                continue
            if next(rule.when.misses(submission), None) is not None:
                continue
            self._used[id(rule)] = used + 1
            if rule.times == used + 1:
                log.info(
                    "the rule for %s has answered its %d submissions; the rules below it answer from now on",
                    rule,
                    rule.times,
                )
            return rule
        return None


def _canonical(submission: Submission) -> list[object]:
    parameters = submission.parameters
    return [
        parameters.channel_mode,
        parameters.channels,
        parameters.range_from,
        parameters.range_to,
        parameters.max_speakers,
        parameters.total_speakers,
    ]
