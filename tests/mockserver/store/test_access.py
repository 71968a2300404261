"""The one script, run by a real store."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.store.access import Access, StoreLostError
from diarkit_mockserver.store.values import ABSENT
from diarkit_mockserver.store.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ONE, TWO = b"version1", b"version2"


@pytest.fixture
def run(redis: Any) -> Callable[[Callable[[Access, Wire], Awaitable[Any]]], Any]:
    """Run something with an access to an empty store, and a wire to look into it."""

    def run(use: Callable[[Access, Wire], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            access, wire = Access(redis.url, "p"), await Wire.connect(redis.url)
            try:
                return await use(access, wire)
            finally:
                await wire.close()
                await access.close()

        return asyncio.run(main())

    return run


def test_of_those_who_saw_the_same_version_one_writes(run: Callable[..., Any]) -> None:
    async def use(access: Access, _: Wire) -> None:
        writes = [("HSET", "h", "f", ONE + b"a")], [("HSET", "h", "f", TWO + b"b")]
        replies = await asyncio.gather(*(access.run(write, [("h", "f", ABSENT)]) for write in writes))
        assert [reply.results is None for reply in replies] == [False, True]
        assert (await access.run([("HGET", "h", "f")])).results == [ONE + b"a"]
        assert (await access.run([("HSET", "h", "f", TWO + b"c")], [("h", "f", ONE)])).results == [0]

    run(use)


def test_nothing_is_written_where_one_of_many_versions_is_another(run: Callable[..., Any]) -> None:
    async def use(access: Access, wire: Wire) -> None:
        commands = [("HSET", "h", "a", ONE), ("ZADD", "z", 1, "m")]
        assert (await access.run(commands, [("h", "a", ABSENT), ("h", "b", ONE)])).results is None
        assert await wire.ask("KEYS", "*") == []

    run(use)


def test_what_is_written_expires_and_what_is_read_writes_nothing(run: Callable[..., Any]) -> None:
    async def use(access: Access, wire: Wire) -> None:
        await access.run([("HGET", "h", "f")])
        assert await wire.ask("KEYS", "*") == []
        await access.run([("HSET", "h", "f", ONE), ("APPEND", "l", 9, 9, "x")], [("h", "f", ABSENT)])
        keys = await wire.ask("KEYS", "*")
        assert sorted(keys) == [b"h", b"l", b"l:sums", b"p:time"]
        assert min([await wire.ask("PTTL", key) for key in keys]) > 0

    run(use)


def test_time_never_goes_back(run: Callable[..., Any]) -> None:
    async def use(access: Access, wire: Wire) -> None:
        late = 10_000_000_000_000_000
        await wire.ask("SET", "p:time", late)
        assert (await access.run([])).time == late
        assert (await access.run([("HSET", "h", "f", ONE)], [("h", "f", ABSENT)])).time == late

    run(use)


@pytest.mark.parametrize(("most", "size", "left"), [(3, 1000, 3), (100, 25, 2), (100, 5, 1)])
def test_a_list_is_bounded_by_number_and_bytes_and_numbered_on(run: Callable[..., Any], most: int, size: int, left: int) -> None:  # fmt: skip
    async def use(access: Access, wire: Wire) -> None:
        appends = [("APPEND", "l", most, size, b"ten bytes.")] * 6
        assert (await access.run(appends, [("h", "f", ABSENT)])).results == [1, 2, 3, 4, 5, 6]
        assert await wire.ask("LLEN", "l") == left
        assert await wire.ask("HGET", "l:sums", "bytes") == b"%d" % (10 * left)

    run(use)


def test_a_store_that_has_forgotten_the_script_learns_it_again(run: Callable[..., Any]) -> None:
    async def use(access: Access, wire: Wire) -> None:
        await access.run([])
        await wire.ask("SCRIPT", "FLUSH")
        assert (await access.run([("EXISTS", "h")])).results is not None

    run(use)


def test_a_lost_store_is_said_to_be_lost_and_found_again(redis: Any) -> None:
    async def use() -> None:
        access = Access(redis.url, "p")
        await access.run([])
        redis.kill()
        with pytest.raises(StoreLostError, match="does not answer"):
            await access.run([])
        redis.start()
        assert (await access.run([])).time
        await access.close()

    asyncio.run(use())


def test_a_listener_hears_what_is_published_after_it_began(redis: Any) -> None:
    async def use() -> list[bytes]:
        access, heard = Access(redis.url, "p"), list[bytes]()
        async for message in access.listen("news"):
            heard.append(message)
            if message:
                break
            await access.run([("PUBLISH", "news", "word")])
        await access.close()
        return heard

    assert asyncio.run(use()) == [b"", b"word"]
