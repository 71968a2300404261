"""Disturb an answer: delayed, slow, damaged, or truncated."""

from __future__ import annotations

import contextlib
import socket
import struct
from dataclasses import replace
from math import exp
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

from diarkit_contracts.exchanges.exchange import Loss
from diarkit_mockserver.clock import let_others_run, to_ticks
from diarkit_mockserver.world.wire import Response, write_head

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from diarkit_fixtures.draws import Draws
    from diarkit_mockserver.scenario.faults import BodyDamage, Connection, Latency

PROXY_PAGE = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    b"</body>\r\n</html>\r\n"
)
"""The page of a reverse proxy for a platform that does not answer."""

MISCOUNTED: Final[Mapping[Connection, int]] = {"length_too_long": 10, "length_too_short": -10}
"""Bytes by which a stated length differs from that of the body."""


def draw_pause(latency: Latency, draws: Draws) -> int:
    """Draw a delay in ticks."""
    if latency.uniform is not None:
        low, high = map(to_ticks, latency.uniform)
        return draws.between(low, high)
    if latency.log_normal is not None:
        chance = (draws.below(1 << 32) + 0.5) / (1 << 32)
        return to_ticks(latency.log_normal.median * exp(latency.log_normal.sigma * NormalDist().inv_cdf(chance)))
    return to_ticks(latency.fixed or 0)


def damage(response: Response, how: BodyDamage, draws: Draws) -> Response:
    """Damage the body of an answer, with the right length."""
    body = response.body
    match how:
        case "truncated":
            return replace(response, body=body[: draws.below(max(1, len(body)))])
        case "garbled":
            garbled = bytearray(body)
            for _ in range(1 + len(body) // 64):
                if garbled:
                    garbled[draws.below(len(garbled))] ^= 1 + draws.below(255)
            return replace(response, body=bytes(garbled))
        case "empty":
            return replace(response, body=b"")
        case "html":
            return replace(response, status=502, body=PROXY_PAGE, headers=((b"content-type", b"text/html"),))


def lose(response: Response, how: Connection) -> tuple[Loss, Response]:
    """Return the loss for a fault of the connection, and the part of the answer that the client gets."""
    match how:
        case "reset_before_headers":
            return Loss.BEFORE_HEAD, replace(response, status=0, headers=(), body=b"")
        case "reset_after_headers":
            return Loss.AFTER_HEAD, replace(response, body=b"")
        case "close_in_body":
            return Loss.CUT, replace(response, body=response.body[: len(response.body) // 2])
        case "length_too_long":
            return Loss.CUT, response
        case "length_too_short":
            return Loss.BADLY_FRAMED, response


async def cut(transport: asyncio.Transport, response: Response, how: Connection) -> None:
    """Write the part of an answer that is still sent, and end the connection."""
    loss, sent = lose(response, how)
    if loss is not Loss.BEFORE_HEAD:
        stated = max(0, len(response.body) + MISCOUNTED.get(how, 0))
        transport.write(write_head(response, stated) + sent.body)
    if loss is Loss.AFTER_HEAD:
        await let_others_run(3)  # send the head before the reset discards unsent bytes
    if loss in {Loss.BEFORE_HEAD, Loss.AFTER_HEAD}:
        _reset(transport)
    else:
        transport.close()


def _reset(transport: asyncio.Transport) -> None:
    """Close with a TCP reset, by a linger time of 0."""
    bound: socket.socket | None = transport.get_extra_info("socket")
    if bound is not None:
        with contextlib.suppress(OSError):
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
