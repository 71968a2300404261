"""Ways to break a server: its answers, the requests it sees, its refusals, its memory. Knows no clause."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from contract_servers.fake import Asked, Fake, Server, Told

from diarkit_contracts.rows.plan import Tier
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from diarkit_mockserver.clock import Clock
    from diarkit_mockserver.intake.submission import Parameters

Wrap: TypeAlias = Callable[[Server], Server]
Channel: TypeAlias = dict[str, Any]

CONFIG = re.compile(rb'name="?config"?(?:\r\n[^\r\n]+)*\r\n\r\n(.*?)\r\n--', re.DOTALL)
FILENAME = re.compile(rb'name="?file"?; filename="?([^"\r\n]*)')

ENDS = frozenset({"done", "failed", "rejected"})

USUAL = Scenario()


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A server that breaks one clause.

    Attributes:
        name: what is wrong with it.
        clause: id of the clause that must see it.
        wrap: puts the mistake around the fake.
        tier: that is needed to see it.
        others: ids of clauses that see the same mistake by another request; fuzz names the first that it meets.
    """

    name: str
    clause: str
    wrap: Wrap = lambda server: server
    world: Callable[..., World] = World
    scenario: Scenario = USUAL
    tier: Tier = Tier.LITE
    others: frozenset[str] = frozenset()

    def build(self) -> tuple[Server, Clock]:
        """Make the server, and the clock of its world."""
        fake = Fake(self.scenario, self.world)
        return self.wrap(fake), fake.clock


def change_answer(change: Callable[[Asked, Told], None]) -> Wrap:
    """Change each answer on its way."""

    def wrap(server: Server) -> Server:
        def answer(asked: Asked) -> Told:
            told = server(asked)
            change(asked, told)
            return told

        return answer

    return wrap


def change_body(state: str, change: Callable[[dict[str, Any]], object]) -> Wrap:
    """Change the decoded body of each look that tells a state; of refusals for `refusal`, of the 202 for `accepted`."""

    def change_told(asked: Asked, told: Told) -> None:
        kind = (
            "refusal" if told.status >= 400 else "accepted" if told.status == 202 else told.state if asked.looks else ""
        )
        if kind == state:
            body = told.json
            change(body)
            told.json = body

    return change_answer(change_told)


def change_result(change: Callable[[list[Channel]], object]) -> Wrap:
    """Change the channels of each result."""
    return change_body("done", lambda body: change(body["result"]["channels"]))


def change_channel(change: Callable[[Channel], object]) -> Wrap:
    """Change each channel that has a segment."""
    return change_result(lambda channels: [change(channel) for channel in channels if channel["segments"]])


def change_bytes(state: str, old: bytes, new: bytes) -> Wrap:
    """Replace bytes in the looks that tell a state."""

    def change(asked: Asked, told: Told) -> None:
        if asked.looks and told.state == state:
            told.body = told.body.replace(old, new)

    return change_answer(change)


def change_status(old: int, new: int) -> Wrap:
    """Answer with another status."""

    def change(_: Asked, told: Told) -> None:
        told.status = new if told.status == old else told.status

    return change_answer(change)


def change_look(change: Callable[[int, Told], None]) -> Wrap:
    """Change each answer about a task; told how often the task was asked for."""

    def wrap(server: Server) -> Server:
        looks: Counter[str] = Counter()

        def change_counted(asked: Asked, told: Told) -> None:
            if asked.looks and told.status == 200:
                looks[asked.path] += 1
                change(looks[asked.path], told)

        return change_answer(change_counted)(server)

    return wrap


def change_mix(change: Callable[[Channel], object]) -> Wrap:
    """Change the channel of each result that was asked for with channel_mode mix and without a limit."""

    def wrap(server: Server) -> Server:
        mixed: set[str] = set()

        def change_told(asked: Asked, told: Told) -> None:
            is_mixed = "channel_mode=mix" in asked.query and b"_speakers" not in (find_config(asked) or b"")
            if asked.starts and is_mixed and told.status == 202:
                mixed.add(told.json["task"]["task_id"])
            if asked.looks and asked.path.rpartition("/")[2] in mixed and told.state == "done":
                body = told.json
                for channel in body["result"]["channels"]:
                    change(channel)
                told.json = body

        return change_answer(change_told)(server)

    return wrap


def change_request(change: Callable[[Asked], Asked]) -> Wrap:
    """Let the server see another upload."""
    return lambda server: lambda asked: server(change(asked) if asked.starts else asked)


def change_parameters(change: Callable[[Parameters], Parameters]) -> Callable[..., World]:
    """Make a world that understands other parameters than were sent."""

    class Misled(World):
        def accept(self, submission: Any, visit: Any) -> Any:
            return super().accept(replace(submission, parameters=change(submission.parameters)), visit)

    return Misled


def take_mistakes(
    place: tuple[str, ...], correct: Callable[[Asked], Asked], is_taken: Callable[[bytes], bool] = lambda _: True
) -> Wrap:
    """Take uploads that are refused for a fault at a place, as if they had been sent without; only those with such a config."""

    def wrap(server: Server) -> Server:
        def answer(asked: Asked) -> Told:
            told = server(asked)
            is_there = asked.starts and told.status == 422 and is_taken(find_config(asked) or b"")
            if is_there and told.json["detail"][0]["location"][: len(place)] == [*place]:
                return server(correct(asked))
            return told

        return answer

    return wrap


def refuse_when(is_refused: Callable[[Asked], bool], status: int = 422) -> Wrap:
    """Refuse uploads for no reason, in the envelope."""

    def wrap(server: Server) -> Server:
        def answer(asked: Asked) -> Told:
            return refuse(status) if asked.starts and is_refused(asked) else server(asked)

        return answer

    return wrap


def refuse(status: int) -> Told:
    """Make a refusal in the envelope."""
    kind = {400: "request.invalid", 404: "resource.not-found", 422: "request.validation-error"}.get(status, "internal")
    told = Told(status=status, headers={"content-type": "application/json"})
    told.json = {"type": kind, "message": "No.", "detail": []}
    return told


def find_config(asked: Asked) -> bytes | None:
    """Find the text of the part `config`."""
    found = CONFIG.search(asked.body)
    return found[1] if found else None


def drop_config(asked: Asked) -> Asked:
    """Give the part `config` a name that means nothing."""
    return replace(asked, body=re.sub(rb'name="?config"?', b'name="remark"', asked.body))
