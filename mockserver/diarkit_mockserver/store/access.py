"""Access to Redis or Valkey: one script that compares versions and then runs commands, atomically."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import hiredis
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from diarkit_mockserver.errors import FakeError
from diarkit_mockserver.store.wire import TIMEOUT_S, Wire, Word

Command: TypeAlias = "tuple[Word, ...]"
"""A Redis command; its second word is the key."""

EXPIRES_MS: Final = 24 * 60 * 60 * 1000
"""Time to live of the keys after the last change: an unused platform is deleted after a day."""

SCRIPT: Final = Path(__file__).with_name("commit.lua").read_text("utf-8")
"""Compares versions and then runs commands."""

DIGEST: Final = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
"""SHA-1 of the script, for EVALSHA."""


class StoreLostError(FakeError, ConnectionError):
    """The store can't be reached, or returned an error."""


class Reply(NamedTuple):
    """The answer of the script.

    Attributes:
        time: of the store, in ticks since 1970 UTC.
        results: of the commands; None if a version did not match and nothing was run.
    """

    time: int
    results: list[Any] | None


class Access:
    """A client of one store."""

    def __init__(self, url: str, prefix: str) -> None:
        self._url = url
        self._time_key = f"{prefix}:time"
        self._wire: Wire | None = None
        self._connecting = asyncio.Lock()

    async def run(self, commands: Sequence[Command], checks: Sequence[tuple[str, str, bytes]] = ()) -> Reply:
        """Run commands atomically, in order; those that change something require a check (key, field, expected version).

        After a StoreLostError they may have been run.
        """
        arguments: list[Word] = [EXPIRES_MS, len(checks)]
        for check in checks:
            arguments += check
        for command in commands:
            arguments.append(len(command))
            arguments += command
        try:
            answer = await self._ask(arguments)
        except StoreLostError:
            if checks:
                raise
            answer = await self._ask(arguments)  # reads are retried once, as the store may have restarted
        time, is_done, *results = answer
        return Reply(int(time), results if is_done else None)

    async def listen(self, channel: str) -> AsyncIterator[bytes]:
        """Yield the messages published in a channel, after an empty one that marks the start of the subscription."""
        client = Redis.from_url(self._url, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0))  # pyright: ignore[reportUnknownMemberType] # its options are untyped
        listener: Any = client.pubsub()  # pyright: ignore[reportUnknownMemberType]
        try:
            await listener.subscribe(channel)
            yield b""
            while True:
                message = await listener.get_message(ignore_subscribe_messages=True, timeout=None)
                if message is not None:
                    yield message["data"]
        except (RedisError, OSError) as error:
            raise StoreLostError(f"the store does not answer: {error}") from None
        finally:
            await listener.aclose()
            await client.aclose()

    async def close(self) -> None:
        """Close the connection."""
        if self._wire is not None:
            await self._wire.close()

    async def _ask(self, arguments: list[Word]) -> list[Any]:
        try:
            wire = self._wire if self._wire is not None and self._wire.is_open else await self._connect()
            try:
                return await wire.ask("EVALSHA", DIGEST, 1, self._time_key, *arguments)  # type: ignore[no-any-return]
            except hiredis.ReplyError as error:
                if not str(error).startswith("NOSCRIPT"):
                    raise
                return await wire.ask("EVAL", SCRIPT, 1, self._time_key, *arguments)  # type: ignore[no-any-return]
        except hiredis.HiredisError as error:
            raise StoreLostError(f"the store returned an error: {error}") from None
        except OSError as error:  # including TimeoutError
            raise StoreLostError(f"the store does not answer: {error}") from None

    async def _connect(self) -> Wire:
        async with self._connecting:  # concurrent callers share one connection
            if self._wire is None or not self._wire.is_open:
                self._wire = await Wire.connect(self._url)
            return self._wire
