"""Servers whose answers about one recording contradict each other, each in one way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from contract_servers.breaking import Broken, change_answer, change_parameters, find_config

from diarkit_contracts.exchanges.exchange import AHEAD

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract_servers.breaking import Channel, Wrap
    from contract_servers.fake import Asked, Server, Told

    from diarkit_mockserver.intake.submission import Parameters


def change_task(is_meant: Callable[[Asked], bool], change: Callable[[list[Channel]], object]) -> Wrap:
    """Change the channels of the results of those uploads."""

    def wrap(server: Server) -> Server:
        meant: set[str] = set()

        def change_told(asked: Asked, told: Told) -> None:
            if asked.starts and told.status == 202 and is_meant(asked):
                meant.add(told.json["task"]["task_id"])
            if asked.looks and asked.path.rpartition("/")[2] in meant and told.state == "done":
                body = told.json
                change(body["result"]["channels"])
                told.json = body

        return change_answer(change_told)(server)

    return wrap


def leave_off(channels: list[Channel]) -> None:
    """Leave off the later half of what is said in the last channel."""
    channel = channels[-1]
    del channel["segments"][len(channel["segments"]) // 2 :]
    channel["speakers_count"] = len({segment["speaker_id"] for segment in channel["segments"]})


def order_by_voice(channels: list[Channel]) -> None:
    """Put ahead the channel in which somebody speaks first."""
    channels.sort(key=lambda channel: channel["segments"][0]["start_time"] if channel["segments"] else 1e9)
    for number, channel in enumerate(channels):
        channel["channel_number"] = number


def count_from_speech(channels: list[Channel]) -> None:
    """Leave out a long silence at the beginning, and don't count it."""
    segments = [segment for channel in channels for segment in channel["segments"]]
    if min(segment["start_time"] for segment in segments) >= AHEAD / 100:
        for segment in segments:
            for key in ("start_time", "end_time"):
                segment[key] = round(segment[key] - AHEAD / 100, 2)


def take_for_echo(channels: list[Channel]) -> None:
    """Take the end of a channel that is like the one ahead for an echo of it."""
    if len(channels) > 1 and channels[0]["segments"] == channels[1]["segments"]:
        leave_off(channels)


def is_plain(asked: Asked) -> bool:
    return not asked.query and find_config(asked) is None


def forget_half_of_what_is_known(server: Server) -> Server:
    seen: set[bytes] = set()

    def is_known(asked: Asked) -> bool:
        known = asked.body in seen
        seen.add(asked.body)
        return known and is_plain(asked)

    return change_task(is_known, leave_off)(server)


def allow_one_less(asked: Parameters) -> Parameters:
    return replace(asked, max_speakers=asked.max_speakers and max(1, asked.max_speakers - 1))


RELATIONS: Final = (
    Broken(name="a cache that loses an end", clause="relations.same-upload", wrap=forget_half_of_what_is_known),
    Broken(
        name="a FLAC decoded to its half",
        clause="relations.flac",
        wrap=change_task(lambda asked: b"fLaC" in asked.body, leave_off),
    ),
    Broken(
        name="channels in the order of voices",
        clause="relations.swapped-channels",
        wrap=change_task(is_plain, order_by_voice),
    ),
    Broken(
        name="silence ahead is not counted",
        clause="relations.silence-ahead",
        wrap=change_task(is_plain, count_from_speech),
    ),
    Broken(
        name="half of a range",
        clause="relations.range-is-cut",
        wrap=change_task(lambda asked: "range_from" in asked.query, leave_off),
    ),
    Broken(
        name="a second channel taken for an echo",
        clause="relations.mono-twice",
        wrap=change_task(is_plain, take_for_echo),
    ),
    Broken(
        name="max_speakers is one too low",
        clause="relations.max-speakers",
        world=change_parameters(allow_one_less),
    ),
)
"""For `verify --audio` alone: no tier sends what shows them."""
