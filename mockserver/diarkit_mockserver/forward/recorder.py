"""Convert exchanges with a live platform to the rules of a scenario: which upload got which answer, and how long it took.

A fake then gives the same answers, in the same order if they changed, at a chosen speed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, cast

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.learned import SCHEMA_LINE
from diarkit_contracts.api.result import list_result_faults
from diarkit_contracts.api.states import TaskState
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Part
from diarkit_contracts.exchanges.history import START_PATH, find_task_id, find_value, read_object
from diarkit_contracts.runs.record import RecordError
from diarkit_contracts.target.client import ENDED
from diarkit_mockserver.intake.parameters import read_parameters
from diarkit_mockserver.intake.refusals import Refusal
from diarkit_mockserver.intake.submission import Parameters
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.course import BySeconds, StateSeconds
from diarkit_mockserver.scenario.dump import dump_rule
from diarkit_mockserver.scenario.model import Rule, Then
from diarkit_mockserver.scenario.when import ConfigPattern, When

Speed: TypeAlias = "float | Literal['immediate']"
"""Speed of the fake relative to the platform, or `immediate`."""

MOST_OPEN: Final = 10_000
"""Limit of unfinished tasks, as clients may abandon them."""

MOST_FOREIGN: Final = 4_000
"""Characters retained of a foreign body, such as a gateway's page."""

USUAL: Final = Parameters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The platform's answer to an upload.

    Attributes:
        when: the pattern of equal uploads.
        seconds: duration of each state; None for a refusal.
    """

    name: str
    when: When
    then: Then
    seconds: StateSeconds | None = None

    def __str__(self) -> str:
        """Format the outcome and its durations."""
        outcome = next(
            name for name in ("result", "failed", "rejected", "http") if getattr(self.then, name) is not None
        )
        lasts = self.seconds
        return outcome if lasts is None else f"{outcome} pending {lasts.pending:g} s running {lasts.running:g} s"

    def make_rule(self, speed: Speed, times: int | None) -> Rule:
        """Make the rule for this answer."""
        lasts, then = self.seconds, self.then
        if lasts is not None and speed == "immediate":
            then = replace(then, course="immediate")
        elif lasts is not None and speed != "immediate":
            pending, running = (round(seconds / speed, 3) for seconds in (lasts.pending, lasts.running))
            then = replace(then, course=BySeconds(seconds=StateSeconds(pending=pending, running=running)))
        return Rule(when=self.when, then=then, times=times)


@dataclass(slots=True)
class _Open:
    """An unfinished task."""

    name: str
    when: When
    began_at: float
    seen_at: float
    runs_at: float | None = None


@dataclass(slots=True)
class _Answered:
    """An answer to equal uploads, and its number of consecutive repetitions."""

    recorded: Recorded
    times: int = 1
    text: str = ""


class Recorder:
    """Converts exchanges, in the order of their answers, to rules."""

    def __init__(self, source: str, speed: Speed = 1.0) -> None:
        self._source = source
        self._speed: Speed = speed
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._answers: dict[When, list[_Answered]] = {}

    @property
    def unended(self) -> int:
        """The number of unfinished tasks."""
        return len(self._open)

    def __len__(self) -> int:
        """Count the recorded answers, consecutive equal ones once."""
        return sum(map(len, self._answers.values()))

    def add(self, exchange: Exchange) -> Recorded | None:
        """Add an exchange, and return the answer to an upload if this completes it; a RecordError if it can't be replayed."""
        request, answer = exchange.request, exchange.answer
        if not isinstance(answer, Answer):
            return None
        if request.method == "POST" and request.path.endswith(START_PATH):
            recorded = self._read_start(exchange, answer)
        elif request.method == "GET" and (task := self._open.get(find_task_id(request))) is not None:
            recorded = self._read_look(task, exchange, answer)
        else:
            return None
        if recorded is not None:
            answers = self._answers.setdefault(recorded.when, [])
            if answers and answers[-1].recorded.then == recorded.then:
                answers[-1].times += 1
            else:
                answers.append(_Answered(recorded))
        return recorded

    def write(self) -> str:
        """Return the scenario as YAML; of rules that match the same upload, the more specific one comes first."""
        ordered = sorted(self._answers.items(), key=lambda one: -one[0].weight)
        names = {(each.recorded.when.sha256 or "", each.recorded.name): None for _, all_ in ordered for each in all_}
        comments = "".join(f"#   {digest[:12]}  {name!r}\n" for digest, name in names)
        rules = "".join(self._write(each, answers) for _, answers in ordered for each in answers)
        key = "rules:\n" if rules else ""
        return f"{SCHEMA_LINE}# Answers of {self._source!r}, recorded by diarkit.\n{comments}version: 1\n{key}{rules}"

    def _write(self, one: _Answered, answers: list[_Answered]) -> str:
        """Return a rule as YAML, cached except for the last answer to equal uploads, which may change."""
        is_last = one is answers[-1]
        text = one.text or dump_rule(one.recorded.make_rule(self._speed, None if is_last else one.times))
        one.text = "" if is_last else text
        return text

    def _read_start(self, exchange: Exchange, answer: Answer) -> Recorded | None:
        form = {part.name: part for part in exchange.request.parts or ()}  # the last of a name counts
        when = _make_when(exchange.request.query, form)
        if when is None:
            return None  # refused by the fake by default, or an incomplete upload
        name = form["file"].filename or ""
        body = read_object(answer.body)
        if answer.status == 202:
            task_id = find_value(body, "task", "task_id")
            if not isinstance(task_id, str):
                raise RecordError(name, f"expected a task id with 202, got {answer.body[:200]!r}")
            self._open[task_id.lower()] = _Open(name, when, answer.received_at, answer.received_at)
            if len(self._open) > MOST_OPEN:
                self._open.popitem(last=False)
            return None
        if not 400 <= answer.status <= 599:
            raise RecordError(name, f"expected 202 or a refusal, got {answer.status}")
        return Recorded(name=name, when=when, then=Then(http=_read_refusal(answer)))

    def _read_look(self, task: _Open, exchange: Exchange, answer: Answer) -> Recorded | None:
        """Read a poll.

        A state is assumed to have changed halfway between the last poll with the old one and the first with the new one.
        """
        body, sent_at = read_object(answer.body) or {}, exchange.request.sent_at
        state = find_value(body, "task", "state")
        if answer.status != 200 or not isinstance(state, str):
            return None
        changed_at, task.seen_at = (task.seen_at + sent_at) / 2, sent_at
        if state != TaskState.PENDING and task.runs_at is None:
            task.runs_at = changed_at
        if state not in ENDED or task.runs_at is None:
            return None
        del self._open[find_task_id(exchange.request)]
        lasts = (task.runs_at - task.began_at, changed_at - task.runs_at)
        pending, running = (round(max(seconds, 0.0), 3) for seconds in lasts)
        return Recorded(
            name=task.name,
            when=task.when,
            then=_read_outcome(task.name, TaskState(state), body.get("result"), find_value(body, "error", "message")),
            seconds=StateSeconds(pending=pending, running=running),
        )


def _make_when(query: Mapping[str, str], form: Mapping[str, Part]) -> When | None:
    """Make the pattern of an upload: its file and known parameters; None for an incomplete file or invalid parameters."""
    file, config = form.get("file"), form.get("config")
    if file is None or file.sha256 is None or file.filename is None:
        return None
    try:
        own = read_parameters(query, read_object((("" if config is None else config.text) or "{}").encode()))
    except Refusal:
        return None
    speakers = ConfigPattern(max_speakers=own.max_speakers, total_speakers=own.total_speakers)
    return When(
        sha256=file.sha256,
        config=None if speakers == ConfigPattern() else speakers,
        channel_mode=None if own.channel_mode == USUAL.channel_mode else own.channel_mode,
        channels=",".join(map(str, own.channels)) or None,
        range_from=own.range_from or None,
        range_to=own.range_to,
        exact=True,
    )


def _read_outcome(name: str, state: TaskState, result: object, message: object) -> Then:
    text = message if isinstance(message, str) else ""
    match state:
        case TaskState.FAILED:
            return Then(failed=text)
        case TaskState.REJECTED:
            return Then(rejected=text)
        case _ if isinstance(result, dict):
            broken = any(fault.severity is Severity.ERROR for fault in list_result_faults(cast("object", result)))
            # A result that violates the contract is replayed as it is.
            return Then(result=cast("dict[str, object]", result), breaks_contract=broken)
        case _:
            raise RecordError(name, f"expected a result with done, got {result!r:.200}")


def _read_refusal(answer: Answer) -> HttpAnswer:
    message = find_value(read_object(answer.body), "message")
    wait = (answer.header("retry-after") or "").strip()
    recorded = HttpAnswer(status=answer.status, retry_after=int(wait) if wait.isdecimal() and len(wait) < 10 else None)
    if isinstance(message, str):
        return replace(recorded, message=message)
    kind = answer.header("content-type") or ""
    text = answer.body.decode(errors="replace")[:MOST_FOREIGN]
    return replace(recorded, body=text, content_type=kind if kind.isprintable() and kind else recorded.content_type)
