"""Servers that do something else than the request asks for, or answer for another recording."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from contract_servers.breaking import (
    Broken,
    change_mix,
    change_parameters,
    change_result,
    drop_config,
)

from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from contract_servers.breaking import Channel
    from contract_servers.fake import Asked, Server

    from diarkit_mockserver.intake.submission import Parameters


def is_config_first(asked: Asked) -> bool:
    config, file = (re.search(rb'name="?%b\b' % name, asked.body) for name in (b"config", b"file"))
    return config is not None and file is not None and config.start() < file.start()


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


def take_two_for_one(channel: Channel) -> None:
    """Take speakers of different channels for one: those of each number in their channel, where each has two at most."""
    for segment in channel["segments"]:
        segment["speaker_id"] %= 2
    channel["speakers_count"] = len({segment["speaker_id"] for segment in channel["segments"]})


def mix_one(asked: Parameters) -> Parameters:
    return replace(asked, channels=asked.channels[:1] or (0,)) if asked.channel_mode == "mix" else asked


def forget_early_config(server: Server) -> Any:
    return lambda asked: server(drop_config(asked) if is_config_first(asked) else asked)


PARAMETERS: Final = (
    Broken(
        name="total_speakers ignored",
        clause="parameters.total-speakers",
        world=change_parameters(lambda asked: replace(asked, total_speakers=None)),
    ),
    Broken(
        name="total_speakers as an upper bound",
        clause="parameters.total-speakers",
        world=change_parameters(take_total_for_most),
    ),
    Broken(
        name="one speaker more than total_speakers",
        clause="parameters.total-speakers",
        world=change_parameters(add_one),
    ),
    Broken(
        name="the config of the task ahead",
        clause="parameters.total-speakers",
        world=OneBehind,
        others=frozenset({"parameters.max-speakers", "audio.speakers", "audio.error-rate"}),
    ),
    Broken(
        name="max_speakers ignored",
        clause="parameters.max-speakers",
        world=change_parameters(lambda asked: replace(asked, max_speakers=None)),
    ),
    Broken(
        name="one speaker more than max_speakers",
        clause="parameters.max-speakers",
        world=change_parameters(allow_one_more),
    ),
    Broken(
        name="config ahead of the file ignored",
        clause="parameters.max-speakers",
        wrap=forget_early_config,
    ),
    Broken(
        name="channels ignored",
        clause="parameters.channels",
        world=change_parameters(lambda asked: replace(asked, channels=())),
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
    Broken(name="channels numbered anew", clause="parameters.channel-numbers", wrap=change_result(renumber)),
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
        name="range_to ignored",
        clause="parameters.range",
        world=change_parameters(lambda asked: replace(asked, range_to=None)),
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
    Broken(
        name="speakers of two channels taken for one in a mix",
        clause="audio.mix-speakers",
        wrap=change_mix(take_two_for_one),
    ),
    Broken(name="the first channel alone as a mix", clause="audio.mix-speakers", world=change_parameters(mix_one)),
    Broken(name="one word of each channel", clause="audio.error-rate", wrap=change_result(say_one_word)),
    Broken(name="the answer of the first recording for all", clause="audio.error-rate", world=AlwaysTheSame),
    Broken(
        name="half a second of each range",
        clause="audio.range-error-rate",
        world=change_parameters(
            lambda asked: (
                replace(asked, range_to=asked.range_from + 0.5) if asked.range_from or asked.range_to else asked
            )
        ),
    ),
)
