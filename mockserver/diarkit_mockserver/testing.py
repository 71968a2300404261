"""What a test holds in its hand: a server to talk to, and what may be asked of it. Knows tests, not how they are run.

`DiarizationServer` is the fake: it can be told what to answer and asked what it saw. `LiveServer` is any other server at a URL:
what can't be told or asked there ends in `UnavailableError`, which the pytest plugin turns into a skip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from diarkit_contracts.result import list_result_faults
from diarkit_fixtures.rttm import read_rttm
from diarkit_mockserver.course import ByPolls, ByRealTime, BySeconds, Course, PollCounts, StateSeconds
from diarkit_mockserver.operations import ENDPOINT
from diarkit_mockserver.platform import WORLDS, Platform
from diarkit_mockserver.scenario import HttpAnswer, Rule, Scenario, SpokenSegment, Then
from diarkit_mockserver.server import ServerThread, bind
from diarkit_mockserver.when import EVERY, ConfigPattern, When
from diarkit_mockserver.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarkit_mockserver.journal import Entry
    from diarkit_mockserver.submission import Submission

CourseLike: TypeAlias = "Course | Mapping[str, Mapping[str, float] | float]"
"""A course, or the way it is written in a scenario file, such as `{"polls": {"running": 2}}`."""

SegmentLike: TypeAlias = tuple[int, float, float] | Mapping[str, float]
"""Speaker, start and end in seconds; or the platform's object."""


class UnavailableError(Exception):
    """Something was asked of a server that is not the fake."""


@dataclass(frozen=True, slots=True)
class LiveServer:
    """A server at a URL, of which nothing is known but that it should keep the contract.

    Attributes:
        url: without a slash at the end.
    """

    url: str

    @property
    def endpoint(self) -> str:
        """URL of the diarization operation."""
        return self.url + ENDPOINT

    def respond(self, **_: object) -> NoReturn:
        """Say that only the fake can be told what to answer."""
        self._refuse("be told what to answer")

    def advance(self, seconds: float) -> NoReturn:  # noqa: ARG002 - the same shape as the fake's
        """Say that only the fake's time can be moved."""
        self._refuse("have its time moved")

    def freeze(self) -> NoReturn:
        """Say that only the fake's time can be stopped."""
        self._refuse("have its time stopped")

    def resume(self) -> NoReturn:
        """Say that only the fake's time can be stopped."""
        self._refuse("have its time stopped")

    def step(self, task_id: str) -> NoReturn:  # noqa: ARG002 - the same shape as the fake's
        """Say that only the fake's tasks can be moved."""
        self._refuse("have its tasks moved by hand")

    @property
    def submissions(self) -> NoReturn:
        """Say that only the fake tells what it was sent."""
        self._refuse("tell what it was sent")

    def polls(self, task_id: str) -> NoReturn:  # noqa: ARG002 - the same shape as the fake's
        """Say that only the fake tells how it was polled."""
        self._refuse("tell how it was polled")

    def _refuse(self, what: str) -> NoReturn:
        raise UnavailableError(f"only the fake can {what}; the server under test is {self.url}")


class Fake:
    """A running server on which each test gets a world of its own."""

    def __init__(self) -> None:
        self._platform = Platform(World())
        self._thread = ServerThread(self._platform, bind("127.0.0.1", 0))

    def open_world(self, name: str, scenario: Scenario | None = None) -> DiarizationServer:
        """Make a world.

        Args:
            name: unique on this server, and the same in each run, as ids follow from it; fit for a URL's path.
            scenario: what the world is told; by default every task is done at the first poll.
        """
        return DiarizationServer(self._platform, self._thread, name, scenario)

    def stop(self) -> None:
        """End the server and its thread."""
        self._thread.stop()


class DiarizationServer:
    """The fake, as one test sees it: a world of its own on a running server.

    Args:
        platform: that the world is put into.
        thread: that serves it.
        name: of the world, unique on this server.
        scenario: what the world is told; by default every task is done at the first poll.
    """

    def __init__(self, platform: Platform, thread: ServerThread, name: str, scenario: Scenario | None = None) -> None:
        self._platform = platform
        self._thread = thread
        self._name = name
        self._world = World(name, scenario or Scenario(course="immediate"))
        self.url = f"{thread.url}{WORLDS}{name}"
        """Base URL for the client under test, in place of `http://localhost:8000`."""
        thread.call(platform.worlds.__setitem__, name, self._world)

    @property
    def endpoint(self) -> str:
        """URL of the diarization operation."""
        return self.url + ENDPOINT

    def close(self) -> None:
        """Take the world off the server; requests that come late get a 404."""
        self._thread.call(self._platform.worlds.pop, self._name, None)

    def respond(  # noqa: PLR0913 - a rule, in one line of a test
        self,
        *,
        filename: str | None = None,
        sha256: str | None = None,
        config: Mapping[str, int] | None = None,
        submission: int | None = None,
        times: int | None = None,
        result: dict[str, object] | None = None,
        segments: Sequence[Sequence[SegmentLike]] | None = None,
        speakers: int | None = None,
        rttm: str | Path | None = None,
        failed: str | None = None,
        rejected: str | None = None,
        http: int | HttpAnswer | None = None,
        course: CourseLike | None = None,
        breaks_contract: bool = False,
    ) -> None:
        """Say what submissions get; what was said first counts first.

        Without `filename`, `sha256`, `config` or `submission` it is the next submission only, unless `times` says more; with
        one of them it is every submission that matches.

        Args:
            filename: shell pattern over the uploaded file's name.
            sha256: of the file, or at least its first 8 hexadecimal digits.
            config: keys and values that the request's config must have.
            submission: 1 for the first time that this very request comes, 2 for the second, ...
            times: how many submissions.
            result: the platform's `result`, as it stands.
            segments: for each channel, what is said; the request's parameters are applied.
            speakers: so many in each channel, in a conversation drawn for the file.
            rttm: file with what is said; the request's parameters are applied.
            failed: the task fails, with this message.
            rejected: the task is rejected, with this message.
            http: an HTTP error status, or its details.
            course: when each state comes.
            breaks_contract: let `result` be anything.

        Raises:
            ValueError: for what makes no sense, such as two outcomes, or a result that breaks the contract.
        """
        if result is not None and not breaks_contract and (faults := list_result_faults(result)):
            lines = "\n".join(f"  {fault}" for fault in faults)
            raise ValueError(f"the result breaks the contract (breaks_contract=True lets it pass):\n{lines}")
        when = When(
            filename=filename,
            sha256=sha256,
            config=None if config is None else ConfigPattern(**config),
            submission=submission,
        )
        then = Then(
            result=result,
            segments=_read_rttm(rttm) if rttm is not None else _read_segments(segments),
            speakers=speakers,
            failed=failed,
            rejected=rejected,
            http=http,
            course=None if course is None else read_course(course),
            breaks_contract=breaks_contract,
        )
        if rttm is not None and segments is not None:
            raise ValueError("expected one outcome, got segments and rttm")
        rule = Rule(when=when, then=then, times=1 if times is None and when == EVERY else times)
        self._thread.call(self._world.add_rule, rule)

    def advance(self, seconds: float) -> None:
        """Move this world's time forward."""
        self._thread.call(self._world.clock.advance, seconds)

    def freeze(self) -> None:
        """Stop this world's time; `advance` still moves it."""
        self._thread.call(self._world.clock.freeze)

    def resume(self) -> None:
        """Let this world's time run on."""
        self._thread.call(self._world.clock.resume)

    def step(self, task_id: str) -> None:
        """Move a task of a `manual` course to its next state.

        Raises:
            KeyError: for a task that this world does not have.
        """
        self._thread.call(self._world.step, task_id)

    @property
    def submissions(self) -> tuple[Submission, ...]:
        """What the client sent, the oldest first."""
        return self._thread.call(lambda: tuple(e.submission for e in self._world.journal if e.submission is not None))

    def polls(self, task_id: str) -> tuple[Entry, ...]:
        """Return the client's looks at one task, the oldest first."""
        return self._thread.call(
            lambda: tuple(e for e in self._world.journal if e.task_id == task_id and e.request.method == "GET")
        )


def read_course(course: CourseLike) -> Course:
    """Read a course from the way it is written in a scenario file.

    Raises:
        ValueError: for anything else, naming what there is.
    """
    if not isinstance(course, Mapping):
        if course in ("immediate", "manual") or not isinstance(course, str):
            return course
    elif set(course) == {"polls"} and isinstance(counts := course["polls"], Mapping):
        return ByPolls(polls=PollCounts(**{state: int(count) for state, count in counts.items()}))
    elif set(course) == {"seconds"} and isinstance(lasts := course["seconds"], Mapping):
        return BySeconds(seconds=StateSeconds(**lasts))
    elif {"realtime_factor"} <= set(course) <= {"realtime_factor", "workers"}:
        factor, workers = course["realtime_factor"], course.get("workers", 1)
        if not isinstance(factor, Mapping) and not isinstance(workers, Mapping):
            return ByRealTime(realtime_factor=factor, workers=int(workers))
    raise ValueError(
        'expected a course: "immediate", "manual", {"polls": ...}, {"seconds": ...} or {"realtime_factor": ...}, '
        f"got {course!r}"
    )


def _read_segments(channels: Sequence[Sequence[SegmentLike]] | None) -> tuple[tuple[SpokenSegment, ...], ...] | None:
    if channels is None:
        return None
    return tuple(tuple(_read_segment(segment) for segment in channel) for channel in channels)


def _read_segment(segment: SegmentLike) -> SpokenSegment:
    if isinstance(segment, tuple):
        speaker, start, end = segment
        return SpokenSegment(speaker_id=speaker, start_time=start, end_time=end)
    return SpokenSegment(
        speaker_id=int(segment["speaker_id"]), start_time=segment["start_time"], end_time=segment["end_time"]
    )


def _read_rttm(path: str | Path) -> tuple[tuple[SpokenSegment, ...], ...]:
    channels = read_rttm(Path(path).read_text("utf-8"), source=str(path))
    return tuple(
        tuple(SpokenSegment(speaker_id=s.speaker, start_time=s.start / 100, end_time=s.end / 100) for s in channel)
        for channel in channels
    )
