from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.forward import relay as relay_module
from diarkit_mockserver.forward.relay import Relay
from diarkit_mockserver.intake.submission import Media
from diarkit_mockserver.intake.upload import UploadReader

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

PATIENCE_S = 60


@pytest.fixture
def relay_body() -> Callable[..., Any]:
    """Run a body through a relay: `use(relay, taken)` feeds it, and `taken` is what came out."""

    def run(use: Callable[[Relay, list[bytes]], Awaitable[None]], reader: UploadReader | None = None) -> list[bytes]:
        async def go() -> list[bytes]:
            taken: list[bytes] = []
            relay = Relay(reader, lambda: taken.append(b"drained"), has_body=True)

            async def take() -> Any:
                taken.extend([piece async for piece in relay])

            relay.answering = asyncio.ensure_future(take())
            await use(relay, taken)
            await asyncio.wait_for(asyncio.wait([relay.answering]), PATIENCE_S)
            return taken

        coroutine: Coroutine[Any, Any, list[bytes]] = go()
        return asyncio.run(coroutine)

    return run


def test_pieces_come_out_in_their_order_and_end(relay_body: Any) -> None:
    async def use(relay: Relay, taken: list[bytes]) -> None:
        relay.feed(b"a")
        await asyncio.sleep(0)
        relay.feed(b"")
        relay.feed(b"b")
        relay.end()
        assert relay.is_whole

    assert relay_body(use) == [b"a", b"b"]


def test_who_sends_too_fast_waits_until_there_is_room(relay_body: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "MOST_WAITING", 4)

    async def use(relay: Relay, taken: list[bytes]) -> None:
        relay.feed(b"abc")
        assert not relay.is_full
        relay.feed(b"de")
        assert relay.is_full
        relay.end()

    assert relay_body(use) == [b"drained", b"abc", b"de"]


def test_what_comes_behind_the_answer_is_dropped(relay_body: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "MOST_WAITING", 1)

    async def use(relay: Relay, taken: list[bytes]) -> None:
        relay.cancel()
        await asyncio.wait([relay.answering])
        relay.feed(b"late")
        assert not relay.is_full

    assert relay_body(use) == []


def test_an_upload_is_described_on_its_way(relay_body: Any, make_form: Any, form_type: str) -> None:
    reader = UploadReader(form_type, largest_file=None, assumed=Media())
    body = make_form(('name="file"; filename="a.wav"', b"content"))

    async def use(relay: Relay, taken: list[bytes]) -> None:
        for at in range(0, len(body), 7):
            relay.feed(body[at : at + 7])
        relay.end()

    assert b"".join(relay_body(use, reader)) == body
    assert (reader.close().filename, reader.close().size) == ("a.wav", 7)
