from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import httpx
import pytest
import requests

from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request
from diarkit_contracts.rows.inputs import make_input
from diarkit_contracts.runs.watch import Watch, group_by_server

WAV = make_input("wav:2ch:4.0s")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


def talk(client: Any, server: Any) -> str:
    started = client.post(
        server.endpoint, params={"channels": "0"}, files={"file": ("Ľ.wav", WAV), "config": (None, "{}")}
    )
    return str(client.get(started.headers["x-location"]).text)


def use_requests(watch: Watch, server: Any) -> str:
    with requests.Session() as session:
        return talk(watch.add(session), server)


def use_httpx(watch: Watch, server: Any) -> str:
    with httpx.Client() as client:
        return talk(watch.add(client), server)


def use_httpx_async(watch: Watch, server: Any) -> str:
    async def run() -> str:
        async with httpx.AsyncClient() as client:
            watch.add(client)
            started = await client.post(
                server.endpoint, params={"channels": "0"}, files={"file": ("Ľ.wav", WAV), "config": (None, "{}")}
            )
            return (await client.get(started.headers["x-location"])).text

    return asyncio.run(run())


def use_aiohttp(watch: Watch, server: Any) -> str:
    async def run() -> str:
        async with aiohttp.ClientSession() as session:
            watch.add(session)
            form = aiohttp.FormData(quote_fields=False)
            form.add_field("file", WAV, filename="Ľ.wav")
            form.add_field("config", "{}")
            async with session.post(server.endpoint, params={"channels": "0"}, data=form) as started:
                location = started.headers["x-location"]
            async with session.get(location) as look:
                return await look.text()

    return asyncio.run(run())


CLIENTS = [use_requests, use_httpx, use_httpx_async, use_aiohttp]


@pytest.mark.parametrize("use", CLIENTS)
def test_what_a_client_sends_and_gets_is_kept(diarization_server: Any, use: Any) -> None:
    watch = Watch()
    text = use(watch, diarization_server)
    start, look = watch.exchanges
    assert (start.request.method, start.request.url) == ("POST", diarization_server.endpoint + "?channels=0")
    file, config = start.request.parts or ()
    assert (file.name, file.filename, file.size) == ("file", "Ľ.wav", len(WAV))
    assert file.sound is not None
    assert (file.sound.channels, config.text) == (2, "{}")
    assert (start.answer.status, look.answer.status, look.answer.body.decode()) == (202, 200, text)
    assert start.answer.header("X-Location") == look.request.url
    assert look.request.parts is None
    assert start.request.sent_at < start.answer.received_at <= look.request.sent_at < look.answer.received_at
    (submission,) = diarization_server.submissions
    assert submission.sha256 == file.sha256


def test_a_secret_is_kept_neither_where_it_is_sent_nor_where_it_is_told_back() -> None:
    echo = httpx.MockTransport(lambda request: httpx.Response(200, text=request.headers["Authorization"]))
    watch = Watch()
    with httpx.Client(transport=echo) as client:
        answer = watch.add(client).get("http://h/api/x", headers={"Authorization": "Bearer s3cret-token"})
    (exchange,) = watch.exchanges
    assert answer.text == "Bearer s3cret-token"
    assert dict(exchange.request.headers)["authorization"] == "***"
    assert exchange.answer.body == b"***"


@pytest.mark.parametrize("make", [requests.Session, httpx.Client])
def test_a_released_client_is_as_it_was(diarization_server: Any, make: Any) -> None:
    seen: list[Any] = []

    def note(*arguments: Any, **_: Any) -> None:
        seen.append(arguments)

    with make() as client:
        if make is httpx.Client:
            client.event_hooks = {"response": [note]}
        else:
            client.hooks["response"].append(note)
        watch = Watch()
        watch.add(client)
        talk(client, diarization_server)
        watch.release()
        talk(client, diarization_server)
        assert (len(watch.exchanges), len(seen)) == (2, 4)
        hooks = client.event_hooks if make is httpx.Client else client.hooks
        assert [each for listed in hooks.values() for each in listed] == [note]


@pytest.mark.parametrize("make", [requests.Session, httpx.Client])
def test_secrets_are_struck_out(diarization_server: Any, make: Any) -> None:
    watch = Watch()
    with make() as client:
        watch.add(client).get(
            diarization_server.url + "/api/system/status?token=s3cret", headers={"Authorization": "Bearer s3cret"}
        )
    (exchange,) = watch.exchanges
    assert ("authorization", "***") in [(name.lower(), value) for name, value in exchange.request.headers]
    assert "s3cret" not in repr(exchange)


def test_an_answer_that_is_read_in_pieces_still_comes(diarization_server: Any) -> None:
    watch = Watch()
    url = diarization_server.url + "/api/system/info"
    with httpx.Client() as client, watch.add(client).stream("GET", url) as response:
        assert b"".join(response.iter_bytes()) == response.content
    with requests.Session() as session, watch.add(session).get(url, stream=True, timeout=60) as response:
        assert b"".join(response.iter_content(3)) == response.content
    assert len({exchange.answer.body for exchange in watch.exchanges}) == 1


def test_a_stream_that_is_gone_is_not_judged(diarization_server: Any) -> None:
    watch = Watch()
    with requests.Session() as session:
        watch.add(session).post(diarization_server.endpoint, data=iter([b"x"]), timeout=60)
    assert watch.exchanges == ()


@pytest.mark.parametrize("client", [None, "http://x", object(), requests])
def test_what_is_no_client_is_refused(client: Any) -> None:
    with pytest.raises(
        TypeError, match=r"expected a requests\.Session, httpx\.Client, httpx\.AsyncClient or aiohttp\."
    ):
        Watch().add(client)


def test_servers_are_told_apart() -> None:
    urls = ["http://a:1/x", "http://b/x", "http://a:1/y", "https://b/x"]
    exchanges = [Exchange(Request(method="GET", url=url), Answer(status=200)) for url in urls]
    groups = {server: [each.request.url for each in group] for server, group in group_by_server(exchanges)}
    assert groups == {
        "http://a:1": ["http://a:1/x", "http://a:1/y"],
        "http://b": ["http://b/x"],
        "https://b": ["https://b/x"],
    }
