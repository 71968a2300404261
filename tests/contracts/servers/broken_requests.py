"""Servers that do not do what the request asks for, take what has to be refused, or refuse what has to be taken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from contract_servers.breaking import (
    FILENAME,
    Broken,
    change_answer,
    change_parameters,
    change_result,
    drop_config,
    find_config,
    refuse,
    refuse_when,
    take_mistakes,
)
from diarkit_contracts.form import Field, write_form
from diarkit_contracts.inputs import make_input
from diarkit_contracts.plan import Tier
from diarkit_mockserver.limits import Limits, Rate
from diarkit_mockserver.scenario import Scenario
from diarkit_mockserver.world import World

if TYPE_CHECKING:
    from contract_servers.breaking import Channel
    from contract_servers.fake import Asked, Server, Told
    from diarkit_mockserver.submission import Parameters

ENDLESS: Final = Scenario(limits=Limits(rate=Rate(requests=12, seconds=60)))


def take_total_for_most(asked: Parameters) -> Parameters:
    return replace(asked, max_speakers=asked.total_speakers or asked.max_speakers, total_speakers=None)


def add_one(asked: Parameters) -> Parameters:
    return replace(asked, total_speakers=asked.total_speakers and asked.total_speakers + 1)


def allow_one_more(asked: Parameters) -> Parameters:
    return replace(asked, max_speakers=asked.max_speakers and asked.max_speakers + 1)


class OneBehind(World):
    """Understands each upload as the one ahead was meant."""

    def accept(self, submission: Any, visit: Any) -> Any:
        last = getattr(self, "last", submission.parameters)
        self.last = submission.parameters
        limits = replace(submission.parameters, max_speakers=last.max_speakers, total_speakers=last.total_speakers)
        return super().accept(replace(submission, parameters=limits), visit)


class AlwaysTheSame(World):
    """Finds in each recording what was in the first one."""

    def accept(self, submission: Any, visit: Any) -> Any:
        self.first = getattr(self, "first", submission.media.truth)
        media = submission.media
        known = self.first and media.truth and replace(media, truth=(self.first[0],) * len(media.truth))
        return super().accept(replace(submission, media=known or media), visit)


def renumber(channels: list[Channel]) -> None:
    for number, channel in enumerate(channels):
        channel["channel_number"] = number


def count_from_one(channels: list[Channel]) -> None:
    for channel in channels:
        channel["channel_number"] += 1


def run_on(channels: list[Channel]) -> None:
    for channel in channels:
        for segment in channel["segments"][-1:]:
            segment["end_time"] += 6


def mix_the_times(channels: list[Channel]) -> None:
    """Count the first segment from the beginning of the range and the others from that of the file."""
    for channel in channels:
        for segment in channel["segments"][:1]:
            segment["start_time"] = max(0, round(segment["start_time"] - 0.4, 2))


def say_something(channels: list[Channel]) -> None:
    for channel in channels:
        if not channel["segments"]:
            channel.update(speakers_count=1, segments=[{"speaker_id": 0, "start_time": 0.05, "end_time": 0.45}])


def say_one_word(channels: list[Channel]) -> None:
    for channel in channels:
        for segment in channel["segments"][:1]:
            segment.update(start_time=0.01, end_time=0.11)
        del channel["segments"][1:]
        channel.update(speakers_count=len(channel["segments"]))


def send_recording(asked: Asked) -> Asked:
    kind, body = write_form([Field("file", make_input("wav:1ch:0.5s"), "a.wav")])
    return replace(asked, headers=(("content-type", kind),), body=body)


def drop_query(asked: Asked) -> Asked:
    return replace(asked, query="")


def know_every_task(server: Server) -> Any:
    def answer(asked: Asked) -> Told:
        told = server(asked)
        if asked.looks and told.status == 404:
            told.status = 200
            task = {"task_id": asked.path.rpartition("/")[2], "state": "pending"}
            told.json = {"task": task, "result": None, "error": None}
        return told

    return answer


def refuse_method(status: int) -> Any:
    return lambda server: lambda asked: server(asked) if asked.method in {"GET", "POST"} else refuse(status)


def answer_bad_id(status: int) -> Any:
    return lambda server: lambda asked: refuse(status) if asked.path.endswith("not-a-uuid") else server(asked)


def call_it_invalid(_: Asked, told: Told) -> None:
    if told.status == 422:
        told.body = told.body.replace(b"request.validation-error", b"request.invalid")


def promise_too_much(_: Asked, told: Told) -> None:
    if told.status == 429:
        told.headers["retry-after"] = "0"


def is_config_first(asked: Asked) -> bool:
    config = asked.body.find(b'name="config"')
    return 0 <= config < asked.body.find(b'name="file"')


def forget_early_config(server: Server) -> Any:
    return lambda asked: server(drop_config(asked) if is_config_first(asked) else asked)


def has_name_beyond_ascii(asked: Asked) -> bool:
    found = FILENAME.search(asked.body)
    return found is not None and not found[1].isascii()


PARAMETERS: Final = (
    Broken(
        name="total_speakers ignored",
        clause="parameters.total-speakers",
        world=change_parameters(lambda asked: replace(asked, total_speakers=None)),
    ),
    Broken(
        name="total_speakers as an upper bound", clause="parameters.total-speakers", world=change_parameters(take_total_for_most)
    ),
    Broken(name="one speaker more than total_speakers", clause="parameters.total-speakers", world=change_parameters(add_one)),
    Broken(name="the config of the task ahead", clause="parameters.total-speakers", world=OneBehind),
    Broken(
        name="max_speakers ignored",
        clause="parameters.max-speakers",
        world=change_parameters(lambda asked: replace(asked, max_speakers=None)),
    ),
    Broken(name="one speaker more than max_speakers", clause="parameters.max-speakers", world=change_parameters(allow_one_more)),
    Broken(
        name="config ahead of the file ignored",
        clause="parameters.max-speakers",
        tier=Tier.FULL,
        wrap=forget_early_config,
    ),
    Broken(
        name="channels ignored", clause="parameters.channels", world=change_parameters(lambda asked: replace(asked, channels=()))
    ),
    Broken(
        name="the first of the channels only",
        clause="parameters.channels",
        world=change_parameters(lambda asked: replace(asked, channels=asked.channels[:1])),
    ),
    Broken(
        name="the first channel of the file only",
        clause="parameters.channels",
        world=change_parameters(lambda asked: replace(asked, channels=asked.channels or (0,))),
    ),
    Broken(name="channels numbered anew", clause="parameters.channels", wrap=change_result(renumber)),
    Broken(name="channels numbered from 1", clause="parameters.channels", wrap=change_result(count_from_one)),
    Broken(
        name="channels in the order of the file",
        clause="parameters.channel-order",
        wrap=change_result(lambda all_: all_.sort(key=lambda one: one["channel_number"])),
    ),
    Broken(
        name="mix ignored",
        clause="parameters.mix-is-one",
        world=change_parameters(lambda asked: replace(asked, channel_mode="split")),
    ),
    Broken(name="mix as channel 1", clause="parameters.mix-is-zero", wrap=change_result(count_from_one)),
    Broken(
        name="range ignored",
        clause="parameters.range",
        world=change_parameters(lambda asked: replace(asked, range_from=0.0, range_to=None)),
    ),
    Broken(
        name="range_to ignored", clause="parameters.range", world=change_parameters(lambda asked: replace(asked, range_to=None))
    ),
    Broken(
        name="range_from ignored",
        clause="parameters.range",
        world=change_parameters(lambda asked: replace(asked, range_from=0.0)),
    ),
    Broken(name="times of range and file mixed", clause="parameters.range", wrap=change_result(mix_the_times)),
    Broken(name="a segment after the end", clause="parameters.inside-audio", wrap=change_result(run_on)),
    Broken(name="speech in silence", clause="audio.silence-is-empty", wrap=change_result(say_something)),
    Broken(name="speech in half a second", clause="audio.short-is-empty", wrap=change_result(say_something)),
    Broken(
        name="one speaker only",
        clause="audio.speakers",
        world=change_parameters(lambda asked: replace(asked, max_speakers=asked.max_speakers or 1)),
    ),
    Broken(name="one word of each channel", clause="audio.error-rate", wrap=change_result(say_one_word)),
    Broken(name="the answer of the first recording for all", clause="audio.error-rate", world=AlwaysTheSame),
)

REFUSALS: Final = (
    Broken(name="both limits taken", clause="refusal.both-limits", wrap=take_mistakes(("body", "config"), drop_config)),
    Broken(name="any config taken", clause="refusal.bad-config", wrap=take_mistakes(("body", "config"), drop_config)),
    Broken(
        name="no speakers at most taken",
        clause="refusal.bad-config",
        wrap=take_mistakes(("body", "config", "max_speakers"), drop_config),
    ),
    Broken(
        name="any channel_mode taken", clause="refusal.bad-query", wrap=take_mistakes(("query", "channel_mode"), drop_query)
    ),
    Broken(name="any channels taken", clause="refusal.bad-query", wrap=take_mistakes(("query", "channels"), drop_query)),
    Broken(
        name="a range from before the file taken",
        clause="refusal.bad-query",
        wrap=take_mistakes(("query", "range_from"), drop_query),
    ),
    Broken(name="no file taken", clause="refusal.missing-file", wrap=take_mistakes(("body", "file"), send_recording)),
    Broken(name="every task known", clause="refusal.unknown-task", wrap=know_every_task),
    Broken(name="403 for an id that is no UUID", clause="refusal.bad-task-id", wrap=answer_bad_id(403)),
    Broken(name="404 for a method that is not there", clause="refusal.method", wrap=refuse_method(404)),
    Broken(name="501 for a method that is not there", clause="refusal.method", wrap=refuse_method(501)),
    Broken(name="422 with the type of 400", clause="refusal.type-of-status", wrap=change_answer(call_it_invalid)),
    Broken(
        name="Retry-After 0 for a minute", clause="refusal.retry-after", wrap=change_answer(promise_too_much), scenario=ENDLESS
    ),
    Broken(
        name="more than ten speakers refused",
        clause="acceptance.upload",
        wrap=refuse_when(lambda asked: b"12" in (find_config(asked) or b"")),
    ),
    Broken(name="a name beyond ASCII refused", clause="acceptance.upload", wrap=refuse_when(has_name_beyond_ascii)),
    Broken(name="two channels refused", clause="acceptance.upload", wrap=refuse_when(lambda asked: b"\x01\x00\x02\x00\x40\x1f" in asked.body, 400)),
    Broken(
        name="config ahead of the file refused", clause="acceptance.upload", tier=Tier.FULL, wrap=refuse_when(is_config_first)
    ),
    Broken(
        name="an unknown key refused",
        clause="acceptance.unknown-is-ignored",
        wrap=refuse_when(lambda asked: b"language" in (find_config(asked) or b"")),
    ),
    Broken(
        name="an unknown part refused",
        clause="acceptance.unknown-is-ignored",
        wrap=refuse_when(lambda asked: b'name="note"' in asked.body),
    ),
    Broken(
        name="an unknown parameter refused",
        clause="acceptance.unknown-is-ignored",
        tier=Tier.FULL,
        wrap=refuse_when(lambda asked: "colour" in asked.query),
    ),
    Broken(
        name="recordings of three seconds rejected",
        clause="acceptance.not-rejected",
        scenario=Scenario(limits=Limits(audio_seconds=3)),
    ),
)
