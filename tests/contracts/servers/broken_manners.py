"""Servers that fail on requests that are written as HTTP and the form's type allow, or on audio in another encoding."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from contract_servers.breaking import Broken, change_parameters, change_request, drop_config, find_config, refuse_when
from contract_servers.broken_cluster import find_file, stretch
from contract_servers.broken_relations import change_task

from diarkit_contracts.rows.plan import Tier

if TYPE_CHECKING:
    from contract_servers.breaking import Channel, Wrap
    from contract_servers.fake import Asked

    from diarkit_mockserver.intake.submission import Parameters

HEADS: Final = re.compile(rb"--[^\r\n]+\r\n((?:[^\r\n]+\r\n)+)\r\n")
FORMAT: Final = re.compile(rb"fmt ....(.{16})", re.DOTALL)


def find_type(asked: Asked) -> str:
    return next((value for name, value in asked.headers if name.lower() == "content-type"), "")


def has_header(*names: str) -> Callable[[Asked], bool]:
    return lambda asked: any(name in names for name, _ in asked.headers)


def has_type(pattern: str) -> Callable[[Asked], bool]:
    return lambda asked: re.search(pattern, find_type(asked)) is not None


def has_head(pattern: bytes) -> Callable[[Asked], bool]:
    return lambda asked: any(re.search(pattern, head) for head in HEADS.findall(asked.body))


def has_format(tag: int, rate_hz: int = 0, bits: int = 0) -> Callable[[Asked], bool]:
    """Whether the audio has such an encoding; 0 for any rate, or bits."""

    def is_such(asked: Asked) -> bool:
        found = FORMAT.search(find_file(asked))
        came = struct.unpack("<HHIIHH", found[1]) if found else (0,) * 6
        return came[0] == tag and rate_hz in {0, came[2]} and bits in {0, came[5]}

    return is_such


def hear_nothing(channels: list[Channel]) -> None:
    for channel in channels:
        channel.update(speakers_count=0, segments=[])


def needs_config_as_python_writes_it(asked: Asked) -> Asked:
    """Find the keys by their text."""
    config = find_config(asked) or b"{}"
    plain = json.dumps(json.loads(config)).encode() if config.startswith(b"{") and config.endswith(b"}") else config
    return asked if config == plain else drop_config(asked)


def ignore_one(asked: Parameters) -> Parameters:
    return replace(asked, total_speakers=None if asked.total_speakers == 1 else asked.total_speakers)


def refused(name: str, is_refused: Callable[[Asked], bool], status: int = 400, tier: Tier = Tier.FULL) -> Broken:
    return Broken(name=f"{name} refused", clause="acceptance.upload", wrap=refuse_when(is_refused, status), tier=tier)


def garbled(name: str, clause: str, wrap: Wrap) -> Broken:
    return Broken(name=name, clause=clause, wrap=wrap, tier=Tier.FULL)


MANNERS: Final = (
    refused("a file without a type", lambda asked: b'"a.wav"\r\n\r\n' in asked.body, 422, Tier.LITE),
    refused("a boundary in quotes", has_type('="'), tier=Tier.LITE),
    refused("names without quotes", has_head(rb"name=file"), tier=Tier.LITE),
    refused("a type ahead of the name", has_head(rb"^Content-Type"), tier=Tier.LITE),
    refused("a type of audio", has_head(rb"audio/wav"), 422, Tier.LITE),
    refused("a boundary of 70 characters", has_type('oundary="?[^"]{70}')),
    refused("a boundary of one character", has_type("boundary=.(;|$)")),
    refused("a boundary with a colon", has_type('oundary="?[^"]*:')),
    refused("a type of a form in capitals", has_type("^Multipart")),
    refused("a charset behind the boundary", has_type("boundary=[^;]*;")),
    refused("headers of a part in small letters", has_head(rb"^content-")),
    refused("other headers of a part", has_head(rb"x-part")),
    refused("a form without a line end", lambda asked: asked.starts and asked.body.endswith(b"--")),
    refused("a file name with a semicolon", has_head(rb'filename="[^"]*;')),
    refused("a quote in a file name", has_head(rb"%22")),
    refused("a body in chunks without its length", has_header("Transfer-Encoding"), 422),
    refused("a header name in small letters", has_header("content-type")),
    refused("an encoded comma", lambda asked: "%2C" in asked.query, 422),
    refused("no channels", lambda asked: "channels=&" in asked.query, 422),
    refused("a range from 0", lambda asked: "range_from=0&" in asked.query, 422),
    refused("an empty config", lambda asked: find_config(asked) == b"{}", 422),
    refused("a hundred speakers", lambda asked: b": 100" in (find_config(asked) or b""), 422),
    refused("two dashes on a line of the file", lambda asked: b"\r\n\r\n--xy\r\n" in asked.body),
    garbled("config read as text", "parameters.max-speakers", change_request(needs_config_as_python_writes_it)),
    Broken(
        name="one for total_speakers taken for none",
        clause="parameters.total-speakers",
        world=change_parameters(ignore_one),
        tier=Tier.FULL,
    ),
    *(
        garbled(f"{rate_hz} Hz taken for 16 kHz", "parameters.inside-audio", change_task(is_meant, stretch(rate_hz / 16_000)))
        for rate_hz in (22_050, 44_100, 48_000, 96_000)
        for is_meant in [lambda asked, rate_hz=rate_hz: any(has_format(tag, rate_hz)(asked) for tag in (1, 3, 0xFFFE))]
    ),
    garbled("eight bits taken for silence", "audio.error-rate", change_task(has_format(1, bits=8), hear_nothing)),
    garbled("24 bits taken for noise", "audio.error-rate", change_task(has_format(0xFFFE), hear_nothing)),
    garbled("floats taken for silence", "audio.error-rate", change_task(has_format(3), hear_nothing)),
)  # fmt: skip
