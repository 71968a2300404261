"""Servers that take what has to be refused, or refuse what has to be taken."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from contract_servers.breaking import (
    FILENAME,
    Broken,
    change_answer,
    drop_config,
    find_config,
    refuse,
    refuse_when,
    take_mistakes,
)

from diarkit_contracts.exchanges.form import Field, write_form
from diarkit_contracts.rows.inputs import make_input
from diarkit_contracts.rows.plan import Tier
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.model import Scenario

if TYPE_CHECKING:
    from contract_servers.fake import Asked, Server, Told


EMPTY_FILE: Final = re.compile(rb'name="file"; filename="[^"]*"\r\n(?:[^\r\n]+\r\n)*\r\n\r\n--')
ENDLESS: Final = Scenario(limits=Limits(rate=Rate(requests=12, seconds=60)))


def send_recording(asked: Asked, name: str = "wav:1ch:0.5s") -> Asked:
    kind, body = write_form([Field("file", make_input(name), "a.wav")])
    return replace(asked, headers=(("content-type", kind),), body=body)


def drop_query(asked: Asked) -> Asked:
    return replace(asked, query="")


def take_broken_forms(server: Server) -> Any:
    def answer(asked: Asked) -> Told:
        told = server(asked)
        return server(send_recording(asked)) if asked.starts and told.status == 400 else told

    return answer


def hear_nothing(server: Server) -> Any:
    """Take a recording of two seconds for an empty file."""

    def answer(asked: Asked) -> Told:
        is_empty = asked.starts and EMPTY_FILE.search(asked.body) is not None
        return server(send_recording(asked, "wav:1ch:2.0s") if is_empty else asked)

    return answer


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


def allow(methods: str | None) -> Any:
    def change(_: Asked, told: Told) -> None:
        if told.status == 405:
            told.headers = {name: value for name, value in told.headers.items() if name != "allow"}
            told.headers |= {} if methods is None else {"allow": methods}

    return change_answer(change)


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


def has_name_beyond_ascii(asked: Asked) -> bool:
    found = FILENAME.search(asked.body)
    return found is not None and not found[1].isascii()


REFUSALS: Final = (
    Broken(name="both limits taken", clause="refusal.both-limits", wrap=take_mistakes(("body", "config"), drop_config)),
    Broken(name="any config taken", clause="refusal.bad-config", wrap=take_mistakes(("body", "config"), drop_config)),
    Broken(
        name="no speakers at most taken",
        clause="refusal.bad-config",
        wrap=take_mistakes(("body", "config", "max_speakers"), drop_config),
    ),
    Broken(
        name="any channel_mode taken",
        clause="refusal.bad-query",
        wrap=take_mistakes(("query", "channel_mode"), drop_query),
    ),
    Broken(
        name="any channels taken", clause="refusal.bad-query", wrap=take_mistakes(("query", "channels"), drop_query)
    ),
    Broken(
        name="a range from before the file taken",
        clause="refusal.bad-query",
        wrap=take_mistakes(("query", "range_from"), drop_query),
    ),
    Broken(name="no file taken", clause="refusal.missing-file", wrap=take_mistakes(("body", "file"), send_recording)),
    Broken(name="a broken form taken", clause="refusal.broken-form", wrap=take_broken_forms),
    Broken(name="a recording found in an empty file", clause="refusal.empty-file", wrap=hear_nothing, tier=Tier.FULL),
    Broken(name="every task known", clause="refusal.unknown-task", wrap=know_every_task),
    Broken(name="403 for an id that is no UUID", clause="refusal.bad-task-id", wrap=answer_bad_id(403)),
    Broken(name="404 for a method that is not there", clause="refusal.method", wrap=refuse_method(404)),
    Broken(name="501 for a method that is not there", clause="refusal.method", wrap=refuse_method(501)),
    Broken(name="405 without Allow", clause="refusal.method", wrap=allow(None)),
    Broken(name="405 that allows the method", clause="refusal.method", wrap=allow("GET, PUT, DELETE")),
    Broken(name="422 with the type of 400", clause="refusal.type-of-status", wrap=change_answer(call_it_invalid)),
    Broken(
        name="Retry-After 0 for a minute",
        clause="refusal.retry-after",
        wrap=change_answer(promise_too_much),
        scenario=ENDLESS,
    ),
    Broken(
        name="more than ten speakers refused",
        clause="acceptance.upload",
        tier=Tier.FULL,
        wrap=refuse_when(lambda asked: b"12" in (find_config(asked) or b"")),
    ),
    Broken(name="a name beyond ASCII refused", clause="acceptance.upload", wrap=refuse_when(has_name_beyond_ascii)),
    Broken(
        name="two channels refused",
        clause="acceptance.upload",
        wrap=refuse_when(lambda asked: b"\x01\x00\x02\x00\x40\x1f" in asked.body, 400),
    ),
    Broken(
        name="config ahead of the file refused",
        clause="acceptance.upload",
        wrap=refuse_when(is_config_first),
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
