"""Servers that give no answer, no end, no result or no way to one. Knows no clause but by its id."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from contract_servers.breaking import Broken, change_answer, change_channel
from contract_servers.fake import Told

from diarkit_contracts.exchanges.exchange import Loss
from diarkit_contracts.exchanges.history import START_PATH
from diarkit_contracts.rows.mistakes import NEVER_GIVEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from contract_servers.breaking import Channel, Wrap
    from contract_servers.fake import Asked, Server


def lose_when(is_lost: Callable[[int, Asked], bool], loss: Loss = Loss.BEFORE_HEAD) -> Wrap:
    """Lose the answers to some requests, by their number from 1 on and what they ask."""

    def wrap(server: Server) -> Server:
        number = 0

        def answer(asked: Asked) -> Told:
            nonlocal number
            number += 1
            told = server(asked)
            return replace(told, lost=loss) if is_lost(number, asked) else told

        return answer

    return wrap


def end_tasks(choose: Callable[[int], str]) -> Wrap:
    """End each task as is chosen by its number from 1 on: done as it is, failed, or running for ever."""

    def wrap(server: Server) -> Server:
        numbers: dict[str, int] = {}

        def change(asked: Asked, told: Told) -> None:
            if asked.starts and told.status == 202:
                numbers[told.json["task"]["task_id"]] = len(numbers) + 1
            how = choose(numbers.get(asked.path.rpartition("/")[2], 0)) if asked.looks and told.state else "done"
            if how == "failed" and told.state == "done":
                told.json = {
                    **told.json, "task": {**told.json["task"], "state": "failed"}, "result": None,
                    "error": {"type": "internal", "message": "It did not work."},
                }  # fmt: skip
            elif how == "running" and told.state in {"done", "rejected", "failed"}:
                told.json = {
                    **told.json,
                    "task": {**told.json["task"], "state": "running"},
                    "result": None,
                    "error": None,
                }

        return change_answer(change)(server)

    return wrap


def lead_to(host: str) -> Wrap:
    """Tell another host in X-Location."""

    def change(asked: Asked, told: Told) -> None:
        for name in told.headers:
            if asked.starts and name.lower() == "x-location":
                told.headers[name] = f"http://{host}{START_PATH}/{told.json['task']['task_id']}"

    return change_answer(change)


def fail_at(methods: frozenset[str], status: int) -> Wrap:
    """Fail at methods that are none of the API's."""

    def wrap(server: Server) -> Server:
        def answer(asked: Asked) -> Told:
            is_meant = asked.method in methods and server(asked).status in {404, 405}
            return Told(status=status) if is_meant else server(asked)

        return answer

    return wrap


def remember_uploads(choose: Callable[[int], bool]) -> Wrap:
    """Lose the answers to uploads, by how often the same bytes came."""

    def wrap(server: Server) -> Server:
        times: Counter[bytes] = Counter()

        def answer(asked: Asked) -> Told:
            told = server(asked)
            if not asked.starts or told.status != 202:
                return told
            times[asked.body] += 1
            return replace(told, lost=Loss.CUT) if choose(times[asked.body]) else told

        return answer

    return wrap


def crowd(channel: Channel) -> None:
    """Let so many speak in a channel that nobody can compare them."""
    channel["segments"] = [{"speaker_id": who, "start_time": 0.0, "end_time": 1.0} for who in range(1_000)]
    channel["speakers_count"] = 1_000


WHOLE, ENDS, DONE = "shape.whole-answer", "task.ends", "acceptance.not-failed"

BROKEN = (
    *(
        Broken(name=f"each answer about a task is lost: {loss}", clause=WHOLE, wrap=lose_when(lambda _, asked: asked.looks and NEVER_GIVEN not in asked.path, loss))
        for loss in (
            Loss.BEFORE_HEAD, Loss.AFTER_HEAD, Loss.CUT, Loss.BADLY_FRAMED, Loss.BADLY_CODED, Loss.TOO_SLOW, Loss.TOO_LARGE,
        )
    ),
    Broken(name="one answer in three is lost", clause=WHOLE, wrap=lose_when(lambda number, _: number % 3 == 0)),
    Broken(name="one answer in six is lost", clause=WHOLE, wrap=lose_when(lambda number, _: number % 6 == 0)),
    Broken(name="dies at request 10", clause=WHOLE, wrap=lose_when(lambda number, _: number >= 10)),
    Broken(name="dies at request 30", clause=WHOLE, wrap=lose_when(lambda number, _: number >= 30, Loss.REFUSED)),
    Broken(name="no upload is answered", clause=WHOLE, wrap=remember_uploads(lambda _: True)),
    Broken(name="deletions are not answered", clause=WHOLE, wrap=lose_when(lambda _, asked: asked.method in {"DELETE", "PUT"})),
    Broken(name="a thousand speakers at a time", clause="result.bounded-size", wrap=change_channel(crowd)),
    Broken(name="no task ends", clause=ENDS, wrap=end_tasks(lambda _: "running")),
    Broken(name="one task in three does not end", clause=ENDS, wrap=end_tasks(lambda number: "done" if number % 3 else "running")),
    Broken(name="each task fails", clause=DONE, wrap=end_tasks(lambda _: "failed")),
    Broken(name="each second task fails", clause=DONE, wrap=end_tasks(lambda number: "done" if number % 2 else "failed")),
    Broken(name="five of seven tasks fail", clause=DONE, wrap=end_tasks(lambda number: "done" if number % 7 < 2 else "failed")),
    Broken(name="all tasks but the first fail", clause=DONE, wrap=end_tasks(lambda number: "done" if number == 1 else "failed")),
    *(
        Broken(name=f"{status} for other methods", clause="shape.server-error", wrap=fail_at(frozenset({"PUT", "DELETE", "GET"}), status))
        for status in (500, 502)
    ),
    Broken(name="a length beside chunks", clause=WHOLE, wrap=change_answer(lambda _, told: told.headers.update({"transfer-encoding": "chunked"}))),
    Broken(name="X-Location with a name of the inside", clause="task.location-connects", wrap=lead_to("speech.invalid:8000")),
    Broken(name="X-Location with a host that is none", clause="task.location-connects", wrap=lead_to("worker-1.invalid")),
)  # fmt: skip
"""What is lost, cut, failed or without an end more than once."""
