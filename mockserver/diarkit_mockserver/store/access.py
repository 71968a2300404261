"""The way to Redis or Valkey: one script, which compares versions and then runs commands; all or nothing. Knows no values.

    run --> _waiting --> _flush: all that waits, in one pipeline, at most MOST_AT_ONCE of them under way --> the script, once for each
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

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

MOST_AT_ONCE: Final = 4
"""Pipelines under way; what comes meanwhile goes into the next one."""

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


class _Waiting(NamedTuple):
    arguments: list[Word]
    done: asyncio.Future[Reply]


class Access:
    """The way to one store.

    Args:
        url: of the store.
        prefix: of all keys.
    """

    def __init__(self, url: str, prefix: str) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=MOST_AT_ONCE + 4,
            timeout=TIMEOUT_S,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),  # a change that may have been made is not made again
        )
        self._redis = Redis(connection_pool=pool)
        self._time_key = f"{prefix}:time"
        self._sha = ""
        self._waiting: deque[_Waiting] = deque()
        self._under_way: set[asyncio.Task[None]] = set()
        self._is_scheduled = False

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
        listener = self._redis.pubsub()  # pyright: ignore[reportUnknownMemberType] # whose options have no types
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

    async def close(self) -> None:
        """Close all connections."""
        await self._redis.aclose()

    def _queue(self, arguments: list[Word]) -> asyncio.Future[Reply]:
        loop = asyncio.get_running_loop()
        waiting = _Waiting(arguments, loop.create_future())
        self._waiting.append(waiting)
        if not self._is_scheduled:
            self._is_scheduled = True
            loop.call_soon(self._flush)
        return waiting.done

    def _flush(self) -> None:
        self._is_scheduled = False
        if self._waiting and len(self._under_way) < MOST_AT_ONCE:
            batch = tuple(self._waiting)
            self._waiting.clear()
            task = asyncio.get_running_loop().create_task(self._send(batch))
            self._under_way.add(task)
            task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._flush()

    async def _send(self, batch: Sequence[_Waiting]) -> None:
        try:
            answers = await self._execute(batch)
        except (RedisError, OSError) as error:
            answers = [error] * len(batch)
            await self._redis.connection_pool.disconnect()
        for waiting, answer in zip(batch, answers, strict=True):
            if waiting.done.done():
                continue
            if isinstance(answer, Exception):
                waiting.done.set_exception(StoreLostError(f"the store does not answer: {answer}"))
                waiting.done.exception()  # whoever asked may be gone
            else:
                time, is_done, *results = answer
                waiting.done.set_result(Reply(int(time), results if is_done else None))

    async def _execute(self, batch: Sequence[_Waiting]) -> list[Any]:
        if not self._sha:
            self._sha = str(await self._redis.script_load(SCRIPT))
        answers = await self._run_script(batch)
        again = [number for number, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if again:  # the store has begun again
            await self._redis.script_load(SCRIPT)
            for number, answer in zip(again, await self._run_script([batch[number] for number in again]), strict=True):
                answers[number] = answer
        return answers

    async def _run_script(self, batch: Sequence[_Waiting]) -> list[Any]:
        pipeline = self._redis.pipeline(transaction=False)
        for waiting in batch:
            pipeline.evalsha(self._sha, 1, self._time_key, *waiting.arguments)
        return await pipeline.execute(raise_on_error=False)
