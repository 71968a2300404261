"""Servers that go wrong as a cluster does: caches, nodes behind a balancer, memory from request to request, limits nobody wrote down.

Longer than others: one table, and the few mechanisms that its rows are made of.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import parse_qsl

from contract_servers.breaking import (
    ENDS,
    FILENAME,
    Broken,
    change_look,
    change_parameters,
    change_result,
    find_config,
    refuse,
    refuse_when,
)
from contract_servers.broken_tasks import SLOW, tell_state

from diarkit_contracts.rows.plan import Tier
from diarkit_fixtures.segments import crop
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract_servers.breaking import Channel, Wrap
    from contract_servers.fake import Asked, Server, Told

    from diarkit_mockserver.intake.submission import Parameters

Key: TypeAlias = "Callable[[Asked], object]"

CONTENT: Final = re.compile(rb"filename=[^\r\n]*(?:\r\n[^\r\n]+)*\r\n\r\n(.*?)\r\n--", re.DOTALL)
QUERY: Final = ("channel_mode", "channels", "range_from", "range_to")
MU_LAW: Final = 7


def find_file(asked: Asked) -> bytes:
    found = CONTENT.search(asked.body)
    return found[1] if found else b""


def find_name(asked: Asked) -> bytes:
    found = FILENAME.search(asked.body)
    return found[1] if found else b""


def leave_out(*names: str) -> Key:
    """A key of all that was sent, but for some parameters; `config` is one of them."""

    def key(asked: Asked) -> object:
        query = [pair for pair in parse_qsl(asked.query) if pair[0] not in names]
        return find_file(asked), None if "config" in names else find_config(asked), tuple(query)

    return key


def is_empty(asked: Asked) -> bool:
    found = CONTENT.search(asked.body)
    return found is not None and not found[1]


def cache_results(key: Key) -> Wrap:
    """Tell of each task what was told of the first one with its key."""

    def wrap(server: Server) -> Server:
        keys: dict[str, object] = {}
        results: dict[object, Any] = {}

        def answer(asked: Asked) -> Told:
            told = server(asked)
            if asked.starts and told.status == 202:
                keys[told.json["task"]["task_id"]] = key(asked)
            if asked.looks and told.state == "done":
                body = told.json
                body["result"] = results.setdefault(keys[body["task"]["task_id"]], body["result"])
                told.json = body
            return told

        return answer

    return wrap


def reuse_task(key: Key) -> Wrap:
    """Answer an upload with the task that its key has started before."""

    def wrap(server: Server) -> Server:
        started: dict[object, Told] = {}

        def answer(asked: Asked) -> Told:
            if not asked.starts or b"RIFF" not in asked.body:
                return server(asked)
            known = started.get(key(asked))
            told = known or server(asked)
            if told.status == 202:
                started[key(asked)] = told
            return replace(told, headers=dict(told.headers))

        return answer

    return wrap


def lose_looks(is_lost: Callable[[Asked, int], bool]) -> Wrap:
    """Answer looks with 404, as a node does that has never heard of the task; told which look of all it is."""

    def wrap(server: Server) -> Server:
        number = count(1)
        return lambda asked: refuse(404) if asked.looks and is_lost(asked, next(number)) else server(asked)

    return wrap


def lag(server: Server) -> Server:
    """Tell at each sixth look the state of two looks ago, as a replica that is behind."""
    states: dict[str, list[str]] = {}

    def answer(asked: Asked) -> Told:
        told = server(asked)
        if asked.looks and told.state:
            known = states.setdefault(asked.path, [])
            known.append(told.state)
            if len(known) % 6 == 0 and known[-3] == "running":
                tell_state(told, "running")
        return told

    return answer


def know_latest(most: int) -> Wrap:
    """Remember the latest tasks alone."""

    def wrap(server: Server) -> Server:
        known: list[str] = []

        def answer(asked: Asked) -> Told:
            if asked.looks and "0000-" not in asked.path and asked.path.rpartition("/")[2] not in known[-most:]:
                return refuse(404)
            told = server(asked)
            if told.status == 202:
                known.append(told.json["task"]["task_id"])
            return told

        return answer

    return wrap


def swap(is_swapped: Callable[[int], bool]) -> Wrap:
    """Tell of a task what the one ahead has to tell, if both have ended; told how often the task was asked for."""

    def wrap(server: Server) -> Server:
        tasks: list[str] = []
        looks: Counter[str] = Counter()

        def answer(asked: Asked) -> Told:
            told = server(asked)
            if told.status == 202:
                tasks.append(told.json["task"]["task_id"])
            looks[asked.path] += 1
            folder, _, task_id = asked.path.rpartition("/")
            if asked.looks and told.state == "done" and is_swapped(looks[asked.path]) and task_id in tasks[1:]:
                other = server(replace(asked, path=f"{folder}/{tasks[tasks.index(task_id) - 1]}"))
                if other.state == "done":
                    told.json = {**told.json, "result": other.json["result"]}
            return told

        return answer

    return wrap


def answer_per_connection(nodes: int, tell: Callable[[Told], Told]) -> Wrap:
    """Serve each connection by another node; only the one that took a task knows it, and the others answer in their way."""

    def wrap(server: Server) -> Server:
        home: dict[str, int] = {}
        connections = 0

        def answer(asked: Asked) -> Told:
            nonlocal connections
            told, node = server(asked), connections % nodes
            if told.status == 202:
                home[told.json["task"]["task_id"]] = node
            if any(name.lower() == "connection" and value == "close" for name, value in asked.headers):
                connections += 1
            return tell(told) if asked.looks and home.get(asked.path.rpartition("/")[2], node) != node else told

        return answer

    return wrap


def stick(is_led: Callable[[str], bool]) -> Wrap:
    """Set a cookie with each task, as a balancer does that leads a client to one node; told the path of a look with that cookie."""

    def wrap(server: Server) -> Server:
        def answer(asked: Asked) -> Told:
            if asked.looks and ("Cookie", "node=2") in asked.headers and not is_led(asked.path):
                return refuse(404)
            told = server(asked)
            if told.status == 202:
                told.headers["set-cookie"] = "node=2; Path=/; HttpOnly"
            return told

        return answer

    return wrap


def mix_up(is_mixed: Callable[[str, str, dict[str, frozenset[str]]], bool]) -> Wrap:
    """Tell of a task what is to be told of another one that runs.

    Args:
        is_mixed: told the path of the look, that of the look ahead, and of each task that runs which ones had ended when it began.
    """

    def wrap(server: Server) -> Server:
        running: dict[str, frozenset[str]] = {}
        ended: set[str] = set()
        last = ""

        def answer(asked: Asked) -> Told:
            nonlocal last
            others = sorted(running.keys() - {asked.path})
            is_wrong = asked.looks and bool(others) and is_mixed(asked.path, last, running)
            told = server(replace(asked, path=others[0]) if is_wrong else asked)
            if asked.starts and told.status == 202:
                running[f"{asked.path}/{told.json['task']['task_id']}"] = frozenset(ended)
            if asked.looks and not is_wrong:
                last = asked.path
                if told.state in ENDS:
                    running.pop(asked.path, None)
                    ended.add(asked.path)
            return told

        return answer

    return wrap


def tell_nothing(told: Told) -> Told:
    if told.state == "done":
        told.json = {**told.json, "result": {"channels": []}}
    return told


def tell_pending(told: Told) -> Told:
    if told.state:
        tell_state(told, "pending")
    return told


def remember(*names: str) -> Callable[..., World]:
    """A world in which a parameter holds for all that comes after it without one."""
    usual = {"channel_mode": "split", "channels": (), "range_from": 0.0}

    class Remembering(World):
        def accept(self, submission: Any, visit: Any) -> Any:
            asked = submission.parameters
            self.last: dict[str, Any] = getattr(self, "last", {})
            for name in names:
                value = getattr(asked, name)
                if value != usual.get(name):
                    self.last[name] = value
            both = asked.max_speakers is not None or asked.total_speakers is not None
            kept = {name: value for name, value in self.last.items() if not (both and name.endswith("_speakers"))}
            kept |= {name: getattr(asked, name) for name in kept if getattr(asked, name) != usual.get(name)}
            return super().accept(replace(submission, parameters=replace(asked, **kept)), visit)

    return Remembering


def take_from_the_one_ahead(*names: str) -> Callable[..., World]:
    """A world in which parameters come one request late."""

    class OneLate(World):
        def accept(self, submission: Any, visit: Any) -> Any:
            asked = submission.parameters
            before, self.last = getattr(self, "last", asked), asked
            late = replace(asked, **{name: getattr(before, name) for name in names})
            return super().accept(replace(submission, parameters=late), visit)

    return OneLate


def keep_the_first(*names: str) -> Callable[..., World]:
    """A world in which the first value that came of a parameter counts wherever it is sent again."""

    class First(World):
        def accept(self, submission: Any, visit: Any) -> Any:
            asked = submission.parameters
            self.first: dict[str, Any] = getattr(self, "first", {})
            sent = {name: getattr(asked, name) for name in names if getattr(asked, name)}
            for name, value in sent.items():
                self.first.setdefault(name, value)
            changed = replace(asked, **{name: self.first[name] for name in sent})
            return super().accept(replace(submission, parameters=changed), visit)

    return First


def hear(change: Callable[[Any], Any]) -> Callable[..., World]:
    """A world that hears another truth than the recording has; given the facts of the media."""

    class Hearing(World):
        def accept(self, submission: Any, visit: Any) -> Any:
            media = submission.media
            heard = replace(media, truth=change(media)) if media.truth is not None else media
            return super().accept(replace(submission, media=heard), visit)

    return Hearing


def stop_after(seconds: float) -> Callable[..., World]:
    return hear(lambda media: tuple(crop(segments, 0, round(seconds * 100)) for segments in media.truth))


def stretch(factor: float) -> Callable[[list[Channel]], None]:
    def change(channels: list[Channel]) -> None:
        for channel in channels:
            for segment in channel["segments"]:
                for key in ("start_time", "end_time"):
                    segment[key] = round(segment[key] * factor, 2)

    return change


def take_most_for_total(asked: Parameters) -> Parameters:
    return replace(asked, max_speakers=None, total_speakers=asked.max_speakers or asked.total_speakers)


def limit_total(most: int) -> Callable[..., World]:
    return change_parameters(
        lambda asked: replace(asked, total_speakers=asked.total_speakers and min(asked.total_speakers, most))
    )


def swap_bytes_of_name(asked: Asked) -> object:
    return find_name(asked), find_config(asked), asked.query


def take_empty(server: Server) -> Server:
    """Take an empty file, and tell of it what the recording ahead of it had."""
    last: list[Asked] = []

    def answer(asked: Asked) -> Told:
        told = server(last[-1] if asked.starts and is_empty(asked) and last else asked)
        if told.status == 202:
            last.append(asked)
        return told

    return answer


def cached(name: str, key: Key, clause: str, tier: Tier = Tier.LITE) -> Broken:
    return Broken(name=f"results cached by {name}", clause=clause, wrap=cache_results(key), tier=tier)


def misread(name: str, clause: str, change: Callable[[Parameters], Parameters], tier: Tier = Tier.LITE) -> Broken:
    return Broken(name=name, clause=clause, world=change_parameters(change), tier=tier)


def leaking(name: str, clause: str, world: Callable[..., World], tier: Tier = Tier.LITE) -> Broken:
    return Broken(name=name, clause=clause, world=world, tier=tier)


CACHES: Final = (
    cached("file name", find_name, "task.no-crosstalk"),
    cached("file name and config", lambda asked: (find_name(asked), find_config(asked)), "parameters.channels"),
    cached("file name, config and query", swap_bytes_of_name, "audio.speakers"),
    cached("size of the file", lambda asked: len(find_file(asked)), "parameters.channels"),
    cached("size, config and query", lambda asked: (len(find_file(asked)), find_config(asked), asked.query), "audio.speakers"),
    cached("the head of the file", lambda asked: (find_file(asked)[:44], find_config(asked), asked.query), "audio.speakers"),
    cached("the content alone", find_file, "parameters.channels"),
    cached("content and query", leave_out("config"), "parameters.max-speakers", tier=Tier.FULL),
    cached("content and config", leave_out(*QUERY), "parameters.channels", tier=Tier.FULL),
    cached("all but the channels", leave_out("channels"), "parameters.channels", tier=Tier.FULL),
    cached("all but the mode", leave_out("channel_mode"), "parameters.mix-is-one", tier=Tier.FULL),
    cached("all but range_from", leave_out("range_from"), "parameters.range", tier=Tier.FULL),
    cached("all but range_to", leave_out("range_to"), "parameters.range", tier=Tier.FULL),
    cached("the config alone", find_config, "parameters.channels"),
    cached("the query alone", lambda asked: asked.query, "task.no-crosstalk"),
    cached("the names of the parameters", lambda asked: (find_file(asked), re.sub(r"=[^&]*", "", asked.query), re.sub(rb"\d+", b"", find_config(asked) or b"")), "parameters.range", tier=Tier.FULL),
    Broken(name="the task of the same file again", clause="task.id-unique", wrap=reuse_task(find_file)),
    Broken(name="the task of the same file name again", clause="task.id-unique", wrap=reuse_task(find_name)),
    Broken(name="the task of the same file and config again", clause="task.id-unique", wrap=reuse_task(leave_out(*QUERY)), tier=Tier.FULL),
    Broken(name="the task of the same file and query again", clause="task.id-unique", wrap=reuse_task(leave_out("config")), tier=Tier.FULL),
)  # fmt: skip

NODES: Final = (
    Broken(name="one node of two does not know the task", clause="task.is-found", wrap=lose_looks(lambda _, number: number % 2 == 0)),
    Broken(name="one node of seven does not know the task", clause="task.is-found", wrap=lose_looks(lambda _, number: number % 7 == 0), scenario=SLOW),
    Broken(name="one node for the told URL and another for the id", clause="task.is-found", wrap=lose_looks(lambda asked, _: not asked.headers)),
    Broken(name="a replica that is behind", clause="task.legal-steps", wrap=lag, scenario=SLOW),
    Broken(name="the latest task known alone", clause="task.is-found", wrap=know_latest(1), scenario=SLOW),
    Broken(name="the answer of the task ahead at each second look", clause="task.terminal-is-final", wrap=swap(lambda look: look % 2 == 0)),
    Broken(name="the answer of the task ahead at the first look alone", clause="task.terminal-is-final", wrap=swap(lambda look: look < 4)),
    Broken(name="the answer of the task ahead once both have ended", clause="task.terminal-is-final", wrap=swap(lambda look: look > 4)),
    Broken(name="a node for each connection", clause="task.is-found", wrap=answer_per_connection(2, lambda _: refuse(404)), tier=Tier.FULL),
    Broken(name="a node for each of three connections", clause="task.is-found", wrap=answer_per_connection(3, lambda _: refuse(404)), tier=Tier.FULL),
    Broken(name="a result on the node of the upload alone", clause="task.terminal-is-final", wrap=answer_per_connection(2, tell_nothing), tier=Tier.FULL),
    Broken(name="pending for ever on another node", clause="task.legal-steps", wrap=answer_per_connection(2, tell_pending), tier=Tier.FULL),
    Broken(name="a result cached before it is done", clause="task.legal-steps", wrap=change_look(lambda look, told: tell_state(told, "running") if look % 4 == 0 and told.state == "done" else None)),
)  # fmt: skip

ON_PURPOSE: Final = (
    Broken(name="a task asked for twice in a row taken for another that runs", clause="task.id-echo", wrap=mix_up(lambda path, last, running: path == last and path in running), scenario=SLOW, tier=Tier.FULL),
    Broken(name="a task that ended long ago taken for one that runs", clause="task.id-echo", wrap=mix_up(lambda path, _, running: any(path in ended for ended in running.values())), scenario=SLOW, tier=Tier.FULL),
    Broken(name="a cookie that leads to a node without the task", clause="task.is-found", wrap=stick(lambda _: False), tier=Tier.FULL),
)  # fmt: skip
"""What only shows where tasks are asked for out of turn, or with cookies."""

LEAKS: Final = (
    leaking("max_speakers holds from then on", "audio.speakers", remember("max_speakers")),
    leaking("total_speakers holds from then on", "audio.speakers", remember("total_speakers")),
    leaking("the mode holds from then on", "parameters.channels", remember("channel_mode")),
    leaking("the channels hold from then on", "acceptance.not-rejected", remember("channels")),
    leaking("range_from holds from then on", "acceptance.not-rejected", remember("range_from"), tier=Tier.FULL),
    leaking("range_to holds from then on", "acceptance.not-rejected", remember("range_to"), tier=Tier.FULL),
    leaking("the mode of the task ahead", "parameters.channels", take_from_the_one_ahead("channel_mode")),
    leaking("the channels of the task ahead", "parameters.channels", take_from_the_one_ahead("channels")),
    leaking("the range of the task ahead", "parameters.range", take_from_the_one_ahead("range_from", "range_to")),
    leaking(
        "the first total_speakers counts", "parameters.total-speakers", keep_the_first("total_speakers"), tier=Tier.FULL
    ),
    leaking("the first max_speakers counts", "audio.speakers", keep_the_first("max_speakers")),
    leaking("the first range_to counts", "audio.range-error-rate", keep_the_first("range_to")),
    leaking("the first channels count", "acceptance.not-rejected", keep_the_first("channels")),
)

LIMITS: Final = (
    leaking("nothing is heard after 35 s", "audio.range-error-rate", stop_after(35)),
    leaking("nothing is heard after 5 s", "audio.range-error-rate", stop_after(5)),
    Broken(name="mu-law refused", clause="acceptance.upload", wrap=refuse_when(lambda asked: find_file(asked)[20:21] == bytes([MU_LAW]))),
    Broken(name="a file above 200 kB is not heard", clause="acceptance.upload", wrap=refuse_when(lambda asked: len(asked.body) > 200_000, 400)),
    Broken(name="8 kHz taken for 16 kHz", clause="audio.error-rate", wrap=change_result(stretch(0.5))),
    Broken(name="16 kHz taken for 8 kHz", clause="parameters.range", wrap=change_result(stretch(2))),
    leaking("mu-law taken for silence", "audio.range-error-rate", hear(lambda media: ((),) * len(media.truth) if media.length > 3000 else media.truth)),
    misread("max_speakers taken for total_speakers", "parameters.max-is-a-bound", take_most_for_total),
    misread("max_speakers counts from zero", "audio.speakers", lambda asked: replace(asked, max_speakers=asked.max_speakers and max(1, asked.max_speakers - 1))),
    misread("max_speakers above four taken for one", "audio.speakers", lambda asked: replace(asked, max_speakers=1 if (asked.max_speakers or 0) > 4 else asked.max_speakers), tier=Tier.FULL),
    leaking("no more than four speakers with total_speakers", "parameters.total-speakers", limit_total(4), tier=Tier.FULL),
    leaking("no more than two speakers with total_speakers", "parameters.total-speakers", limit_total(2)),
    misread("a single channel taken for all", "parameters.channels", lambda asked: replace(asked, channels=() if len(asked.channels) == 1 else asked.channels)),
    misread("a single channel counted from 1", "parameters.channel-numbers", lambda asked: replace(asked, channels=tuple(max(0, each - 1) for each in asked.channels) if len(asked.channels) == 1 else asked.channels)),
    leaking("the first channel under each number", "audio.speakers", hear(lambda media: (media.truth[0],) * len(media.truth))),
    leaking("channels heard the other way round", "audio.speakers", hear(lambda media: media.truth[::-1])),
    misread("range_to alone ignored", "parameters.range", lambda asked: asked if asked.range_from else replace(asked, range_to=None)),
    misread("range_from alone ignored", "parameters.range", lambda asked: asked if asked.range_to else replace(asked, range_from=0.0)),
    misread("range_to in whole seconds, rounded up", "parameters.range", lambda asked: replace(asked, range_to=asked.range_to and float(-int(-asked.range_to // 1)))),
    misread("range_to as a length", "parameters.range", lambda asked: replace(asked, range_to=asked.range_to and asked.range_to + asked.range_from)),
    Broken(name="an empty file taken for the one ahead", clause="refusal.empty-file", wrap=take_empty, tier=Tier.FULL),
    Broken(name="500 for an empty file", clause="shape.status", wrap=refuse_when(is_empty, 500), tier=Tier.FULL),
)  # fmt: skip

CLUSTER: Final = (*CACHES, *NODES, *ON_PURPOSE, *LEAKS, *LIMITS)
