"""Bodies over real connections: as clients send them, clients that go away, connections that are kept."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import socket
import struct
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.scenario.course import ByPolls, PollCounts
from diarkit_mockserver.scenario.limits import Limits
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.scenario.when import When
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.serving.server import ServerThread

    Ask = Callable[..., Any]
    Start = Callable[..., ServerThread]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_client_that_sends_no_host_gets_the_servers_own_address(
    start: Start, make_wav: Ask, make_form: Ask, form_type: str, host: str
) -> None:
    try:
        server = start(host=host)
    except OSError:
        pytest.skip(f"no {host} on this machine")
    body = make_form(('name="file"; filename="a.wav"', make_wav()))
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), 10) as client:
        head = f"POST {ENDPOINT} HTTP/1.0\r\nContent-Type: {form_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall(head.encode() + body)
        came = b""
        while piece := client.recv(65536):
            came += piece
    assert f"x-location: {server.url}{ENDPOINT}/".encode() in came


def test_what_arrives_is_the_file_whatever_the_transfer(
    start: Start, ask: Ask, make_wav: Ask, make_form: Ask, form_type: str
) -> None:
    platform = Platform(World(scenario=Scenario(course="immediate")))
    url = start(platform=platform).url
    content = make_wav(30)
    body = make_form(('name="file"; filename="a.wav"', content))
    headers = {"Content-Type": form_type}
    assert ask(url, "POST", ENDPOINT, body, headers).status == 202
    pieces = (body[at : at + 1009] for at in range(0, len(body), 1009))
    assert ask(url, "POST", ENDPOINT, pieces, headers).status == 202
    digests = [entry.submission.sha256 for entry in platform.world.journal if entry.submission is not None]
    assert digests == [hashlib.sha256(content).hexdigest()] * 2


@pytest.mark.parametrize("when", [When(filename="*.wav"), When(sha256="0" * 8)])
def test_what_the_client_sent_can_be_looked_up(start: Start, submit: Ask, make_wav: Ask, when: When) -> None:
    platform = Platform(World(scenario=Scenario(course="immediate", rules=(Rule(when=when, then=Then(speakers=2)),))))
    content = make_wav()
    submit(start(platform=platform).url, content, filename="Ž.wav", config='{"x": 1}', query="channels=0&y=2")
    (sent,) = (entry.submission for entry in platform.world.journal)
    assert sent is not None
    assert (sent.filename, sent.size, sent.config, sent.query) == (
        "Ž.wav",
        len(content),
        {"x": 1},
        {"channels": "0", "y": "2"},
    )
    assert sent.sha256 == hashlib.sha256(content).hexdigest()
    assert sent.headers["content-length"]


def test_a_client_that_waits_for_100_continue_gets_it(
    start: Start, make_wav: Ask, make_form: Ask, form_type: str
) -> None:
    server = start()
    body = make_form(('name="file"; filename="a.wav"', make_wav()))
    with socket.create_connection((urlsplit(server.url).hostname, urlsplit(server.url).port), 10) as client:
        head = f"POST {ENDPOINT} HTTP/1.1\r\nHost: x\r\nContent-Type: {form_type}\r\nContent-Length: {len(body)}\r\n"
        client.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 100 Continue")
        client.sendall(body)
        assert client.recv(1000).startswith(b"HTTP/1.1 202")


@pytest.mark.parametrize("reset", [True, False])
def test_a_client_that_goes_away_in_the_middle_of_its_upload_leaves_the_server_well(
    start: Start,
    submit: Ask,
    make_wav: Ask,
    make_form: Ask,
    form_type: str,
    caplog: pytest.LogCaptureFixture,
    *,
    reset: bool,
) -> None:
    platform = Platform(World(scenario=Scenario(course="immediate")))
    server = start(platform=platform)
    body = make_form(('name="file"; filename="a.mp3"', b"ID3" + bytes(3_000_000)))
    for sent in (0, 10, 200, 2_000_000):
        client = socket.create_connection((urlsplit(server.url).hostname, urlsplit(server.url).port), 10)
        head = (
            f"POST {ENDPOINT} HTTP/1.1\r\nHost: x\r\nContent-Type: {form_type}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        client.sendall(head.encode() + body[:sent])
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    assert submit(server.url, make_wav()).status == 202
    assert len(platform.world.tasks) == 1
    assert [record for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}] == []


def test_a_connection_is_kept_for_many_requests(start: Start, make_wav: Ask, make_form: Ask, form_type: str) -> None:
    address = urlsplit(start().url)
    body = make_form(('name="file"; filename="a.wav"', make_wav()))
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    with contextlib.closing(connection):
        connection.connect()
        used = connection.sock
        for number in range(20):
            place = ENDPOINT if number % 2 else f"{ENDPOINT}?channels=x"
            connection.request("POST", place, body, {"Content-Type": form_type})
            response = connection.getresponse()
            response.read()
            assert response.status == (202 if number % 2 else 422)
            connection.request("POST", "/nowhere", body)
            response = connection.getresponse()
            response.read()
            assert response.status == 404
        assert connection.sock is used


def test_a_refused_upload_can_be_sent_to_its_end(start: Start, make_wav: Ask, make_form: Ask, form_type: str) -> None:
    address = urlsplit(start(Scenario(limits=Limits(upload_bytes=1000))).url)
    body = make_form(('name="file"; filename="a.wav"', make_wav() + bytes(20_000_000)))
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    with contextlib.closing(connection):
        connection.request("POST", ENDPOINT, body, {"Content-Type": form_type})
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["type"]) == (413, "request.size-limit-exceeded")


@pytest.mark.parametrize("how", ["Connection: close", "connection: Keep-Alive, CLOSE"])
@pytest.mark.parametrize("behind", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_a_client_that_closes_is_closed_with_its_answer(
    start: Start, monkeypatch: pytest.MonkeyPatch, how: str, behind: bytes
) -> None:
    monkeypatch.setattr("diarkit_mockserver.serving.connection.IDLE_SECONDS", 600.0)
    server = urlsplit(start(Scenario()).url)
    with socket.create_connection((server.hostname, server.port), 30) as client:
        client.sendall(f"GET /nowhere HTTP/1.1\r\nHost: x\r\n{how}\r\n\r\n".encode() + behind)
        came = b""
        while piece := client.recv(65536):
            came += piece
    head, _, _ = came.lower().partition(b"\r\n\r\n")
    assert (came.count(b"HTTP/1.1 404 "), b"\r\nconnection: close" in head) == (1, True)


def test_two_requests_in_one_packet_are_answered_in_order(start: Start, submit: Ask, make_wav: Ask) -> None:
    server = start(Scenario(course=ByPolls(polls=PollCounts(running=1))))
    location = urlsplit(submit(server.url, make_wav()).header("x-location")).path
    with socket.create_connection((urlsplit(server.url).hostname, urlsplit(server.url).port), 10) as client:
        one = f"GET {location} HTTP/1.1\r\nHost: x\r\n\r\n"
        last = f"GET {location} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        client.sendall((one + f"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n{last}").encode())
        came = b""
        while piece := client.recv(65536):
            came += piece
    assert [came.find(text) >= 0 for text in (b'"running"', b"resource.not-found", b'"done"')] == [True] * 3
    assert came.find(b'"running"') < came.find(b"resource.not-found") < came.find(b'"done"')
