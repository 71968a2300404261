"""A platform that is not ours is learned, and the fake that serves it is held against the original, by a comparer of this file."""

from __future__ import annotations

import asyncio
import io
import json
import re
import wave
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from contract_servers.fake import URL, Asked, Fake, SharedClock, Told, Transport
from contract_servers.foreign import START, Foreign

from diarkit_contracts.api.dialect import list_set
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.runs.learn.learn import learn, make_learn_plan, write_learned
from diarkit_contracts.runs.verify import verify_target
from diarkit_contracts.target.client import CAPS, Target
from diarkit_mockserver.clock import Clock
from diarkit_mockserver.scenario.load import parse_scenario

if TYPE_CHECKING:
    from contract_servers.fake import Server

    from diarkit_contracts.api.learned import Learned

ANY_ID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
NOBODYS = "12345678-1234-4234-8234-123456789abc"


def serve(foreign: Foreign) -> Server:
    """Ask an ASGI application without a socket."""

    def ask(asked: Asked) -> Told:
        told = Told(status=0)
        sent = [{"type": "http.request", "body": asked.body, "more_body": False}]

        async def receive() -> Any:
            return sent.pop()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                told.status = message["status"]
                told.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                told.body += message["body"]

        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": asked.method,
            "path": unquote(asked.path),
            "query_string": asked.query.encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in asked.headers],
            "server": ("127.0.0.1", 8000),
        }
        asyncio.run(foreign.application(scope, receive, send))
        return told

    return ask


@pytest.fixture(scope="module")
def learned() -> tuple[Learned, str]:
    target = Target(
        url=URL, transport=Transport(serve(Foreign())), caps=CAPS[Tier.FULL], clock=SharedClock(Clock(frozen=True))
    )
    known, sentence = learn(verify_target(make_learn_plan(), target), URL, "2026-05-01")
    return known, write_learned(known, sentence)


def record(channels: int = 1, seconds: int = 2) -> bytes:
    """Make a recording of noise, none of the kit's."""
    file = io.BytesIO()
    with wave.open(file, "wb") as opened:
        opened.setnchannels(channels)
        opened.setsampwidth(2)
        opened.setframerate(8000)
        opened.writeframes(bytes(range(1, 250)) * 2 * (channels * seconds * 16_000 // 498 + 1))
    return file.getvalue()


def form(file: bytes | str | None = b"", config: str | None = None) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """Write a form, by hand."""
    parts = b""
    if file is not None:
        name = b"" if isinstance(file, str) else b'; filename="call.wav"'
        content = file.encode() if isinstance(file, str) else file or record()
        parts += b'--XX\r\nContent-Disposition: form-data; name="file"' + name + b"\r\n\r\n" + content + b"\r\n"
    if config is not None:
        parts += b'--XX\r\nContent-Disposition: form-data; name="config"\r\n\r\n' + config.encode() + b"\r\n"
    return (("content-type", "multipart/form-data; boundary=XX"),), parts + b"--XX--\r\n"


def post(query: str = "", **parts: Any) -> Asked:
    headers, body = form(**parts)
    return Asked(method="POST", path=START, query=query, headers=headers, body=body)


CUT_FORM = Asked(method="POST", path=START, headers=form()[0], body=b"--XX\r\nnothing")

REQUESTS: dict[str, Asked] = {
    "version": Asked(method="GET", path="/api/system/info"),
    "status": Asked(method="GET", path="/api/system/status"),
    "unknown task": Asked(method="GET", path=f"{START}/{NOBODYS}"),
    "no id": Asked(method="GET", path=f"{START}/the-second"),
    "no path": Asked(method="GET", path="/api/technology/telepathy"),
    "wrong method": Asked(method="DELETE", path=f"{START}/{NOBODYS}"),
    "wrong method of the start": Asked(method="PUT", path=START),
    "broken form": CUT_FORM,
    "no file": post(file=None, config="{}"),
    "text for a file": post(file="la la la"),
    "broken config": post(config="{max: 2"),
    "max below 1": post(config='{"max_speakers": -7}'),
    "total below 1": post(config='{"total_speakers": 0}'),
    "max no number": post(config='{"max_speakers": "all"}'),
    "total no whole number": post(config='{"total_speakers": 2.5}'),
    "both": post(config='{"max_speakers": 9, "total_speakers": 8}'),
    "config a number": post(config="12"),
    "mode": post("channel_mode=quad"),
    "channels": post("channels=a"),
    "from": post("range_from=later"),
    "to": post("range_to=later"),
    "from below 0": post("range_from=-3"),
    "to below 0": post("range_to=-4.5"),
    "taken": post(),
    "junk": post(file=b"no sound at all"),
    "channel beyond": post("channels=5"),
    "range reversed": post("range_from=1.5&range_to=0.5"),
    "range beyond": post("range_from=30"),
    "channels in another order": post("channels=1,0", file=record(2)),
    "a range": post("range_from=1&range_to=3", file=record(1, 4)),
}
"""What is sent: other values than those that were learned from."""


def follow(server: Server, asked: Asked) -> list[Told]:
    """Send a request, and follow its task to the end by what the answer says."""
    told = [server(asked)]
    if told[0].status == 202:
        path = f"{START}/{told[0].json['task']['task_id']}"
        while len(told) < 9 and (len(told) == 1 or told[-1].state in {"pending", "running"}):
            told.append(server(Asked(method="GET", path=path)))
    return told


def describe(told: Told) -> tuple[object, ...]:
    """Describe all of an answer that is not by chance: of a result only its form, as each hears other voices."""
    text, headers = (
        told.body.decode(),
        {name: value for name, value in told.headers.items() if name != "content-length"},
    )
    if told.state == "done":
        channels = [
            (channel["channel_number"], min((each["speaker_id"] for each in channel["segments"]), default=None))
            for channel in told.json["result"]["channels"]
        ]
        whole = re.findall(r"_time\": (\d+(?:\.0)?)[,}]", text)
        text = f"{list(told.json)} {channels} {any('.' in each for each in whole)} {text[:10]}"
    return told.status, ANY_ID.sub("<id>", text), {name: ANY_ID.sub("<id>", value) for name, value in headers.items()}


@pytest.mark.parametrize("name", REQUESTS)
def test_the_learned_fake_answers_as_the_original(learned: tuple[Learned, str], name: str) -> None:
    served = parse_scenario(learned[1], source="platform.yaml", directory=None)
    fake = Fake(served)
    original, copy = follow(serve(Foreign()), REQUESTS[name]), follow(Patient(fake), REQUESTS[name])
    assert describe(copy[0]) == describe(original[0])
    assert describe(copy[-1]) == describe(original[-1])


class Patient:
    """The fake, with time passing between requests."""

    def __init__(self, fake: Fake) -> None:
        self.fake = fake

    def __call__(self, asked: Asked) -> Told:
        told = self.fake(asked)
        self.fake.clock.advance(1.0)
        return told


def test_it_differs_from_the_usual_platform_on_many_points_and_each_is_learned(learned: tuple[Learned, str]) -> None:
    known, text = learned
    assert known.profile == "5.0"
    assert len(list_set(known.dialect)) >= 40
    assert set(known.not_learned) == {
        "rate_limit", "method", "get_validation", "cancelled", "least_speakers", "too_slow", "too_slow_body",
        "too_large_body", "forbidden_body", "too_many_body", "storage_full_body", "config_file", "config_file_body",
    }  # fmt: skip
    assert (
        json.loads(str(list_set(known.dialect)["bad_limit_body"]))["message"]
        == "{name} begins with 1, {value} is less."
    )
    assert "127.0.0.1" not in text
