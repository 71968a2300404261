"""The way to Redis or Valkey: one script, which compares versions and then runs commands; all or nothing. Knows no values.

run --> _waiting --> _write: all that waits, at once --> _sent --> _read: one answer for each, in their order
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from hiredis import pack_command
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, ResponseError

from diarkit_mockserver.errors import FakeError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

Word: TypeAlias = str | bytes | int
Command: TypeAlias = "tuple[Word, ...]"
"""A command of the store, whose second word is its key."""

EXPIRES_MS: Final = 24 * 60 * 60 * 1000
"""After the last change: a platform that nobody has asked for a day leaves nothing in the store."""

TIMEOUT_S: Final = 5.0
"""For the store to answer; a client that waits for longer has given up on us, too."""

SCRIPT: Final = """
local at = 1
local function take() at = at + 1; return ARGV[at - 1] end
local function append(list, most, bytes, content)
  local sums = list .. ':sums'
  redis.call('RPUSH', list, content)
  local number = redis.call('HINCRBY', sums, 'total', 1)
  local size, length = redis.call('HINCRBY', sums, 'bytes', #content), redis.call('LLEN', list)
  while length > tonumber(most) or (size > tonumber(bytes) and length > 1) do
    size, length = redis.call('HINCRBY', sums, 'bytes', -#redis.call('LPOP', list)), length - 1
  end
  return number
end
local time = redis.call('TIME')
local now = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), time[1] * 1000000 + time[2])
local answer = {string.format('%.0f', now), 0}
local expires, checks, touched = tonumber(take()), tonumber(take()), {[KEYS[1]] = true}
for _ = 1, checks do
  local key, field, version = take(), take(), take()
  if string.sub(redis.call('HGET', key, field) or '', 1, 8) ~= version then return answer end
  touched[key] = true
end
answer[2] = 1
while at <= #ARGV do
  local count = tonumber(take())
  local command = {unpack(ARGV, at, at + count - 1)}
  at = at + count
  touched[command[2]] = true
  if command[1] == 'APPEND' then
    answer[#answer + 1] = append(unpack(command, 2))
    touched[command[2] .. ':sums'] = true
  else
    answer[#answer + 1] = redis.call(unpack(command))
  end
end
if checks > 0 then
  redis.call('SET', KEYS[1], answer[1])
  for key in pairs(touched) do
    if redis.call('PTTL', key) < expires / 2 then redis.call('PEXPIRE', key, expires) end
  end
end
return answer
"""
"""Compares versions of fields, and if all are as expected, runs commands. Time never goes back. APPEND is a list bounded by number and
bytes, whose entries are numbered on."""

DIGEST: Final = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
"""The store's name of the script."""


class StoreLostError(FakeError, ConnectionError):
    """The store can't be reached."""


class Reply(NamedTuple):
    """What the store answers.

    Attributes:
        time: the store's, in ticks since 1970 UTC.
        results: of the commands; None if a version was another, and nothing was done.
    """

    time: int
    results: list[Any] | None


@dataclass(slots=True)
class _Waiting:
    arguments: list[Word]
    done: asyncio.Future[Reply]
    script: tuple[str, str] = ("EVALSHA", DIGEST)


class Access:
    """The way to one store: over one connection, in which nothing waits for the answer to something else.

    Args:
        url: of the store.
        prefix: of all keys.
    """

    def __init__(self, url: str, prefix: str) -> None:
        self._pool = ConnectionPool.from_url(
            url,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),  # a change that may have been made is not made again
        )
        self._connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        self._time_key = f"{prefix}:time"
        self._waiting: list[_Waiting] = []
        self._sent: deque[_Waiting] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None

    async def run(self, commands: Sequence[Command], checks: Sequence[tuple[str, str, bytes]] = ()) -> Reply:
        """Run commands; those that change something need a check.

        Args:
            commands: to run, in their order and in one piece.
            checks: keys, fields, and the versions that are expected there.

        Raises:
            StoreLostError: whether anything was done is not known.
        """
        arguments: list[Word] = [EXPIRES_MS, len(checks)]
        for check in checks:
            arguments += check
        for command in commands:
            arguments.append(len(command))
            arguments += command
        try:
            return await self._queue(arguments)
        except StoreLostError:
            if checks:
                raise
            return await self._queue(arguments)  # the store may have begun again meanwhile

    async def listen(self, channel: str) -> AsyncIterator[bytes]:
        """Yield what is published in a channel; first an empty message, when what comes will be heard.

        Raises:
            StoreLostError: if the store can't be reached any more.
        """
        listener = Redis(connection_pool=self._pool).pubsub()  # pyright: ignore[reportUnknownMemberType] # whose options have no types
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
            await listener.aclose()  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        """Close all connections."""
        for task in (self._writing, self._reading):
            if task is not None:
                task.cancel()
        await self._connection.disconnect()
        await self._pool.disconnect()

    def _queue(self, arguments: list[Word]) -> asyncio.Future[Reply]:
        waiting = _Waiting(arguments, asyncio.get_running_loop().create_future())
        self._put(waiting)
        return waiting.done

    def _put(self, waiting: _Waiting) -> None:
        self._waiting.append(waiting)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        """Send all that waits."""
        try:
            await self._connection.connect()
            while self._waiting:
                batch, self._waiting = self._waiting, []
                self._sent.extend(batch)
                words = (pack_command(self._list_words(one)) for one in batch)
                await self._connection.send_packed_command(b"".join(words), check_health=False)
                if self._reading is None or self._reading.done():
                    self._reading = asyncio.get_running_loop().create_task(self._read())
        except (RedisError, OSError) as error:
            await self._fail(error)

    def _list_words(self, waiting: _Waiting) -> Any:
        return (*waiting.script, 1, self._time_key, *waiting.arguments)

    async def _read(self) -> None:
        """Take the answers to what was sent."""
        try:
            while self._sent:
                try:
                    answer = await self._connection.read_response()
                except ResponseError as error:
                    self._refuse(self._sent.popleft(), error)
                    continue
                waiting = self._sent.popleft()
                time, is_done, *results = answer
                if not waiting.done.done():
                    waiting.done.set_result(Reply(int(time), results if is_done else None))
        except (RedisError, OSError) as error:
            await self._fail(error)

    def _refuse(self, waiting: _Waiting, error: ResponseError) -> None:
        if isinstance(error, NoScriptError) and waiting.script[0] == "EVALSHA":
            waiting.script = ("EVAL", SCRIPT)
            self._put(waiting)
        elif not waiting.done.done():
            waiting.done.set_exception(StoreLostError(f"the store refuses: {error}"))

    async def _fail(self, error: Exception) -> None:
        lost = [*self._sent, *self._waiting]
        self._sent.clear()
        self._waiting.clear()
        await self._connection.disconnect()
        for waiting in lost:
            if not waiting.done.done():
                waiting.done.set_exception(StoreLostError(f"the store does not answer: {error}"))
