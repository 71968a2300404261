"""The outcome of a task, from the rule, the file and the parameters.

Precedence: the rule's answer, the truth embedded in the file, a conversation generated for the content.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING

from diarkit_contracts.api.profiles import DEFAULT, Profile
from diarkit_contracts.api.states import ERROR_TYPE_OF_STATE, TaskState
from diarkit_contracts.api.words import count, fill_text
from diarkit_fixtures.score.degrade import degrade
from diarkit_fixtures.segments import Channels, Segment
from diarkit_mockserver.intake.media import assume
from diarkit_mockserver.intake.parameters import NO_PARAMETERS
from diarkit_mockserver.intake.refusals import Detail
from diarkit_mockserver.world.diarize import MOST_SPEAKERS, SHORTEST_AUDIO, apply_parameters, cut_out, draw_channels
from diarkit_mockserver.world.task import Outcome, Task
from diarkit_mockserver.world.wire import dump, write_error, write_result

if TYPE_CHECKING:
    from diarkit_mockserver.intake.submission import MediaFacts, Parameters, Submission
    from diarkit_mockserver.scenario.content import Spoken
    from diarkit_mockserver.scenario.limits import Limits
    from diarkit_mockserver.scenario.model import Scenario, SpokenSegment, Then
    from diarkit_mockserver.world.diarize import Answer


DONE = Outcome(TaskState.DONE)


def decide_outcome(then: Then, submission: Submission, limits: Limits, profile: Profile = DEFAULT) -> Outcome:
    """Decide how the task of a submission ends."""
    if then.failed is not None:
        return Outcome(TaskState.FAILED, then.failed)
    if then.rejected is not None:
        return Outcome(TaskState.REJECTED, then.rejected)
    if then.result is not None:
        return DONE
    media = submission.media
    has_speech = then.segments is not None or then.speakers is not None
    if not has_speech:
        if media.fault is not None:
            text = f"The media file cannot be decoded: {media.fault}."
            return _end("undecodable", profile, ("body", "file"), text, "media", reason=media.fault)
        # DOC (limits page, maxAudioLength): longer audio is rejected during processing.
        if limits.audio_seconds is not None and media.length > limits.audio_seconds * 100:
            text = f"The audio is longer than the allowed {limits.audio_seconds:g} s."
            return _end("", profile, ("body", "file"), text, "audio_length")
    return _check_parameters(submission, then, profile) or DONE


def write_outcome(task: Task, outcome: Outcome, scenario: Scenario, profile: Profile) -> tuple[str | None, str | None]:
    """Return `result` and `error` of a task's final answer as JSON; one of them is None."""
    if outcome.error:
        return None, outcome.error
    if outcome.state is not TaskState.DONE:
        return None, write_error(ERROR_TYPE_OF_STATE[outcome.state], outcome.message, outcome.detail)
    then = task.then
    if then.result is not None:
        return dump(then.result), None
    from_range = profile["times"] == "range"
    if then.segments is not None and then.der is None:
        given = then.segments + ((),) * (len(task.loud) - len(then.segments))
        if _is_all_asked_for(given, task.parameters, times_from_range=from_range):
            return _write_as_given(given, task.parameters), None
    if then.der is None and then.segments is None and not _is_heard(task):
        drawn = scenario.seed, task.sha256, task.length, task.loud, then.speakers
        return _write_drawn(drawn, task.parameters, times_from_range=from_range), None
    natural, length = _find_conversation(task, scenario.seed)
    if then.der is not None:
        key = (scenario.seed, task.sha256)
        natural = tuple(degrade(channel, length, then.der, *key, number) for number, channel in enumerate(natural))
    return write_result(apply_parameters(natural, length, task.parameters, times_from_range=from_range)), None


@lru_cache(maxsize=8)  # most tests of a suite send the same few files
def _write_drawn(
    drawn: tuple[int, str, int, tuple[bool, ...], int | None], parameters: Parameters, *, times_from_range: bool
) -> str:
    return write_result(
        apply_parameters(draw_channels(*drawn), drawn[2], parameters, times_from_range=times_from_range)
    )


def _is_all_asked_for(given: Spoken, parameters: Parameters, *, times_from_range: bool) -> bool:
    """Return whether a request's parameters leave a rule's segments unchanged."""
    begin, end = parameters.range_from, inf if parameters.range_to is None else parameters.range_to
    asked = [given[number] for number in parameters.channels or range(len(given))]
    counts = [len({one.speaker_id for one in segments}) for segments in asked]
    most = parameters.max_speakers or parameters.total_speakers or MOST_SPEAKERS
    return (
        (parameters.channel_mode == "split" or len(asked) == 1)
        and not (times_from_range and begin)
        and all(begin <= one.start_time and one.end_time <= end for segments in asked for one in segments)
        and all(count <= most and (not count or parameters.total_speakers in (None, count)) for count in counts)
    )


def _write_as_given(given: Spoken, parameters: Parameters) -> str:
    numbers = parameters.channels or range(len(given))
    return dump(
        {
            "channels": [
                {
                    "channel_number": number if parameters.channel_mode == "split" else 0,
                    "speakers_count": len({one.speaker_id for one in given[number]}),
                    "segments": [
                        {
                            "speaker_id": one.speaker_id,
                            "start_time": float(one.start_time),
                            "end_time": float(one.end_time),
                        }
                        for one in given[number]
                    ],
                }
                for number in numbers
            ]
        }
    )


def find_truth(task: Task, scenario: Scenario, profile: Profile) -> Answer | None:
    """Return the truth of the requested part of the file, with the overlaps and speakers of the reference; None if unknown."""
    then = task.then
    if not (_is_heard(task) or then.segments is not None or then.der is not None):
        return None
    natural, length = _find_conversation(task, scenario.seed)
    return cut_out(natural, length, task.parameters, times_from_range=profile["times"] == "range")


def _is_heard(task: Task) -> bool:
    """Return whether the embedded truth of the file applies, as its rule gives no number of speakers."""
    return task.truth is not None and task.then.speakers is None and len(task.truth) == len(task.loud)


def _find_conversation(task: Task, seed: int) -> tuple[Channels, int]:
    then, length, loud = task.then, task.length, task.loud
    if then.segments is not None:
        given = tuple(_read_channel(channel) for channel in then.segments)
        last = max((segment.end for channel in given for segment in channel), default=0)
        return given + ((),) * (len(loud) - len(given)), max(length, last)
    if task.truth is not None and _is_heard(task):
        heard = tuple(
            tuple(segment for segment in channel if segment.start < length) if is_loud else ()
            for channel, is_loud in zip(task.truth, loud, strict=True)
        )
        return heard, length
    return draw_channels(seed, task.sha256, length, loud, then.speakers), length


def _read_channel(channel: tuple[SpokenSegment, ...]) -> tuple[Segment, ...]:
    spoken = (Segment(s.speaker_id, round(s.start_time * 100), round(s.end_time * 100)) for s in channel)
    return tuple(sorted(spoken, key=lambda segment: (segment.start, segment.end, segment.speaker)))


def _check_parameters(submission: Submission, then: Then, profile: Profile) -> Outcome | None:
    """Check the parameters against the audio; the answers are undocumented (UNK, INF rejected, as known only after decoding)."""
    parameters = submission.parameters
    if parameters is NO_PARAMETERS:
        return None
    channels = max(len(submission.media.loud), len(then.segments or ()))
    beyond = [number for number in parameters.channels if number >= channels]
    if beyond:
        text = f"Channel {beyond[0]} does not exist: the audio has {count(channels, 'channel')}."
        return _end("channel_beyond", profile, ("query", "channels"), text, "channels", value=str(beyond[0]))
    if parameters.range_to is not None and parameters.range_to <= parameters.range_from:
        return _end(
            "range_reversed",
            profile,
            ("query", "range_to"),
            "The range ends before it begins.",
            "range",
            value=f"{parameters.range_to:g}",
        )
    if parameters.range_from > 0 and parameters.range_from * 100 >= submission.media.length and then.segments is None:
        text = "The range begins after the end of the audio."
        value = f"{parameters.range_from:g}"
        return _end("range_beyond", profile, ("query", "range_from"), text, "range", value=value)
    return None


def _end(point: str, profile: Profile, location: tuple[str, ...], message: str, kind: str, **values: str) -> Outcome:
    """End a task because of its recording, with the state and error of the table of points."""
    state = TaskState(str(profile[point])) if point else TaskState.REJECTED
    error = fill_text(str(profile[f"{point}_error"]), values) if point else ""
    detail = (Detail(location=location, message=message, type=f"{kind}_invalid"),)
    return Outcome(state, message, detail, error)


def find_excess(then: Then, media: MediaFacts) -> str:
    """Return a message if a rule's speakers or segments exceed the audio; empty if not, or if its length is unknown."""
    if media.assumed or media.fault is not None:
        return ""
    if then.speakers and media.length < SHORTEST_AUDIO:
        shortest = f"audio of less than {SHORTEST_AUDIO / 100:g} s has no segments"
        return f"speakers: {then.speakers}, but the audio is {media.length / 100:g} s long, and {shortest}"
    last = max((one.end_time for channel in then.segments or () for one in channel), default=0.0)
    if last * 100 <= media.length:
        return ""
    return f"the segments of the rule end at {last:g} s, after the audio's end at {media.length / 100:g} s"


def choose_media(then: Then, media: MediaFacts, scenario: Scenario) -> MediaFacts:
    """Treat silence as speech, and files that are not audio as audio of the assumed length, if a rule provides segments.

    Without such a rule the latter applies if the scenario requests it. A measured length is never replaced.
    """
    has_speech = then.segments is not None or then.speakers is not None
    if media.fault is not None:
        return assume(scenario.media, media.kind) if has_speech or scenario.media.undecodable == "assume" else media
    return replace(media, loud=(True,) * len(media.loud)) if has_speech else media
