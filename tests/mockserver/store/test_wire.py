"""One connection to a real store."""

from __future__ import annotations

import asyncio
from typing import Any

import hiredis
import pytest

from diarkit_mockserver.store import wire as module
from diarkit_mockserver.store.wire import Wire


def test_what_is_asked_at_once_is_answered_in_its_order(redis: Any) -> None:
    async def run() -> list[Any]:
        wire = await Wire.connect(redis.url)
        answers = await asyncio.gather(*(wire.ask("ECHO", str(number)) for number in range(100)))
        await wire.close()
        return answers

    assert asyncio.run(run()) == [str(number).encode() for number in range(100)]


def test_a_refused_command_raises_and_the_others_are_answered(redis: Any) -> None:
    async def run() -> list[Any]:
        wire = await Wire.connect(redis.url)
        answers = await asyncio.gather(wire.ask("NONSENSE"), wire.ask("ECHO", "a"), return_exceptions=True)
        await wire.close()
        return answers

    refused, echoed = asyncio.run(run())
    assert isinstance(refused, hiredis.ReplyError)
    assert echoed == b"a"


def test_a_url_names_password_and_database(redis: Any) -> None:
    async def run() -> tuple[Any, Any]:
        admin = await Wire.connect(redis.url)
        await admin.ask("CONFIG", "SET", "requirepass", "secret")
        await admin.ask("SET", "where", "zero")
        other = await Wire.connect(redis.url.replace("//", "//:secret@").replace("/0", "/1"))
        await other.ask("SET", "where", "one")
        with pytest.raises(hiredis.HiredisError):
            await Wire.connect(redis.url.replace("//", "//:wrong@"))
        found = await admin.ask("GET", "where"), await other.ask("GET", "where")
        await admin.ask("CONFIG", "SET", "requirepass", "")
        await admin.close()
        await other.close()
        return found

    assert asyncio.run(run()) == (b"zero", b"one")


def test_what_waits_is_lost_with_the_connection_and_so_is_what_comes_after(redis: Any) -> None:
    async def run() -> list[BaseException]:
        wire = await Wire.connect(redis.url)
        waiting = wire.ask("BLPOP", "nothing", 0)
        await wire.close()
        return await asyncio.gather(waiting, return_exceptions=True) + [await _raise(wire)]

    async def _raise(wire: Wire) -> BaseException:
        (error,) = await asyncio.gather(wire.ask("PING"), return_exceptions=True)
        assert isinstance(error, BaseException)
        return error

    assert [type(error) for error in asyncio.run(run())] == [ConnectionError, ConnectionError]


def test_a_store_that_does_not_answer_in_time_is_given_up(redis: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        wire = await Wire.connect(redis.url)
        monkeypatch.setattr(module, "TIMEOUT_S", 0.01)
        with pytest.raises(ConnectionError):
            await wire.ask("BLPOP", "nothing", 0)
        assert not wire.is_open

    asyncio.run(run())
