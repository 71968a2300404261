"""Prism as a proxy between our rows and the server: what it says of each answer in `sl-violations`. Knows no mutant.

Prism reads an upload as text, so the recordings here are made of bytes below 128 only; another recording arrives broken.
"""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import time
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import httpx

from diarkit_contracts.exchanges.form import Field, write_form
from diarkit_contracts.rows.call import Attached, Call, Raw
from diarkit_contracts.rows.plan import make_plan
from diarkit_contracts.rows.tier import Tier
from seeded.broken import AFTER_THREE_LOOKS
from seeded.cells import Column, Place, Said
from seeded.documents import Form, write_document

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

RATE_HZ = 11_025
"""As bytes per second and as frames per second below 128 in each byte, for one channel and for two."""

SIZES = {1: 0x10240, 2: 0x15800}
"""Bytes of samples by number of channels, six and four seconds; below 128 in each byte, with and without the head."""

LOOKS = 7
START_S = 30.0


@cache
def make_ascii_wav(channels: int) -> bytes:
    """Make a recording of bytes below 128: a square wave of 8 bits."""
    size = SIZES[channels]
    wave = (b"\x20" * 20 + b"\x60" * 20) * (size // 40 + 1)
    head = struct.pack(
        "<4sI4s4sIHHIIHH",
        b"RIFF",
        36 + size,
        b"WAVE",
        b"fmt ",
        16,
        1,
        channels,
        RATE_HZ,
        RATE_HZ * channels,
        channels,
        8,
    )
    made = head + struct.pack("<4sI", b"data", size) + wave[:size]
    assert made.isascii()
    return made


def write_body(call: Call) -> tuple[str, bytes]:
    """Write the body of a call with ASCII recordings in place of its own."""
    if isinstance(call.body, Raw) or not call.body:
        return call.write_body()
    fields: list[Field] = []
    for part in call.body:
        if isinstance(part, Attached):
            channels = 1 if "1ch" in part.attach else 2
            content = make_ascii_wav(channels) if part.attach.startswith("wav:") else b"This is not audio.\n"
            filename = (part.filename or "a.wav").encode("ascii", "replace").decode()
            fields.append(Field(part.name, content, filename))
        else:
            fields.append(Field(part.name, part.text.encode()))
    return write_form(fields)


def run_prism(place: Place, *, prism: Path) -> Said:
    """Send our rows through Prism."""
    document = write_document(Form.CLOSED, place.folder)
    kinds: dict[tuple[bool, str], None] = {}
    with (
        start_prism(prism, document, place.url) as proxy,
        httpx.Client(base_url=proxy, trust_env=False, timeout=120) as client,
    ):
        for row in make_plan(Tier.LITE).rows:
            if row.needs is not None:
                continue
            kind, content = write_body(row.call)
            headers = {"content-type": kind} if kind else {}
            response = client.request(row.call.method, row.call.target, headers=headers, content=content or None)
            kinds |= dict.fromkeys(list_violations(response))
            task_id = find_task(response)
            for _ in range(LOOKS if task_id else 0):
                kinds |= dict.fromkeys(list_violations(client.get(f"/api/technology/speaker-diarization/{task_id}")))
    errors, warnings = (tuple(kind for is_error, kind in kinds if is_error is wanted) for wanted in (True, False))
    return Said(errors=errors, warnings=warnings)


def find_task(response: httpx.Response) -> str:
    """Find the id of a task that was started; empty for none."""
    if response.request.method != "POST" or response.status_code not in {200, 202}:
        return ""
    try:
        return str(response.json()["task"]["task_id"])
    except (ValueError, KeyError):
        return ""


def list_violations(response: httpx.Response) -> Iterator[tuple[bool, str]]:
    """List what Prism has against the answer, and whether it calls it an error; what it has against the request is left out."""
    for each in json.loads(response.headers.get("sl-violations", "[]")):
        place: list[Any] = each.get("location", [])
        if place[:1] == ["response"]:
            yield each.get("severity") == "Error", f"{response.request.method}: {each.get('message', '')[:80]}"


@contextmanager
def start_prism(prism: Path, document: Path, url: str) -> Generator[str]:
    """Start Prism on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(prism), "proxy", str(document), url, "--port", str(port), "--verboseLevel", "fatal"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()


def wait_for(port: int) -> None:
    """Wait until something listens."""
    end = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


def make_columns(prism: Path) -> tuple[Column, ...]:
    """Make the column.

    Args:
        prism: the command.
    """
    return (
        Column(
            key="PR",
            about="Prism as a proxy, told closed schemas: the rows of our tier lite with recordings of ASCII bytes, 7 looks at each task",
            course=AFTER_THREE_LOOKS,
            run=partial(run_prism, prism=prism),
        ),
    )
