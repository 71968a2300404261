"""Secrets in every place where a run may have one, a server and a proxy that tell them all back, and every file that is written."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from contract_servers.breaking import change_channel
from contract_servers.fake import Fake
from contract_servers.forward_proxy import forward
from contract_servers.listening import listen

from diarkit_contracts.commands.parity import parity
from diarkit_contracts.commands.verify import verify
from diarkit_contracts.target import transport as http_transport
from diarkit_fixtures.samples.write import write_samples
from diarkit_mockserver.commands.record import record
from diarkit_mockserver.scenario.model import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from contract_servers.fake import Asked, Server, Told

TOKEN, OWN, FROM_ENVIRONMENT = "tok3n-of-the-flag", 'own/va"lue-of-the-flag', "environment-va1ue"
COOKIE, USER, PASSWORD = "c00kie-va1ue", "us3r-name", "p@ss/w0rd-of-the-url"
PROXY_USER, PROXY_PASSWORD = "pr0xy-user", "pr0xy:p@ssword"
HANDED_OUT = "handed-0ut-by-the-server"

PLAIN = (TOKEN, OWN, FROM_ENVIRONMENT, COOKIE, USER, PASSWORD, PROXY_USER, PROXY_PASSWORD, HANDED_OUT)
BASIC = ("dXMzci1uYW1l", "cHIweHktdXNlc")
"""Beginnings of the user names as Basic authentication writes them."""

SECRETS = {form for secret in PLAIN for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""))} | {*BASIC}

FLAGS = (
    "--header", f"Authorization: Bearer {TOKEN}", "--header", f"X-Own: {OWN}", "--header", f"Cookie: a={COOKIE}; b=2",
    "--pace", "0",
)  # fmt: skip
PROGRAM = "from diarkit_mockserver.commands.main import main; main()"
ENVIRONMENT = {"DIARKIT_VERIFY_HEADERS": f"X-More: {FROM_ENVIRONMENT}"}


def tell_back(server: Server) -> Server:
    """Tell everything that was sent: in headers, in bodies, in an X-Location, as it is and as a URL has it."""

    def answer(asked: Asked) -> Told:
        told = server(asked)
        echo = " ".join(value for name, value in asked.headers if name not in {"content-type", "host"})
        told.headers |= {"x-echo": echo, "x-quoted": quote(echo, safe=""), "set-cookie": f"sid={HANDED_OUT}"}
        told.headers |= {"x-auth-token": HANDED_OUT}
        if told.body:
            told.json = {**told.json, "echo": echo, f"key {echo}": quote(echo, safe=""), "pieces": echo.split()}
        return told

    return answer


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loaded computer may take long to let a server begin."""
    monkeypatch.setattr(http_transport, "CONNECT_S", 60.0)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server that breaks a clause, and tells all secrets back, behind a proxy that does so too."""
    broken = change_channel(lambda channel: channel.update(speakers_count=9))(Fake(Scenario(course="immediate")))
    with listen(tell_back(broken)) as server, forward(server, f"{PROXY_USER}:{PROXY_PASSWORD}") as proxy:
        yield proxy.url


@pytest.fixture
def flags(url: str) -> tuple[str, ...]:
    """What leads to the server: the proxy with its user."""
    user = f"{quote(PROXY_USER)}:{quote(PROXY_PASSWORD, safe='')}"
    return (*FLAGS, "--proxy", url.replace("http://", f"http://{user}@"))


@pytest.fixture
def say() -> Iterator[Any]:
    """Let something listen that says the same bytes to everybody, and hangs up."""
    listening: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(told: bytes) -> str:
        bound = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            with suppress(OSError):
                while True:
                    caller, _ = bound.accept()
                    with caller:
                        caller.recv(65536)
                        caller.sendall(told)

        listening.append(bound)
        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{bound.getsockname()[1]}"

    yield start
    for bound in listening:
        bound.shutdown(socket.SHUT_RDWR)
        bound.close()
    for thread in threads:
        thread.join(5)


TARGET = f"http://{quote(USER)}:{quote(PASSWORD, safe='')}@platform.example"


def find_secrets(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


def check(folder: Path, *texts: str) -> None:
    """Look for secrets in all files of a folder, and in texts."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert find_secrets(path.read_bytes().decode("latin-1")) == [], path.name
        assert find_secrets(str(path)) == []
    for text in texts:
        assert find_secrets(text) == []


def test_the_secrets_are_told_back_at_all(url: str) -> None:
    import httpx  # noqa: PLC0415

    user = f"{PROXY_USER}:{PROXY_PASSWORD}"
    with httpx.Client(proxy=httpx.Proxy(url, auth=tuple(user.split(":", 1)))) as client:
        answer = client.get("http://platform.example/api/system/info", headers={"X-Own": OWN, "Cookie": COOKIE})
    told = str(answer.headers) + answer.text
    for secret in (COOKIE, HANDED_OUT, PROXY_PASSWORD, quote(OWN, safe=""), json.dumps(OWN)[1:-1]):
        assert secret in told


def test_no_report_no_recording_and_no_output_has_a_secret(flags: Any, tmp_path: Path) -> None:
    kinds = ("json", "junit", "html", "github")
    ended = CliRunner().invoke(
        verify,
        [
            TARGET, *flags, "--report", ",".join(f"{kind}={tmp_path / kind}" for kind in kinds),
            "--record", str(tmp_path / "run.ndjson"),
        ],
        env=ENVIRONMENT,
    )  # fmt: skip
    assert ended.exit_code == 1, ended.output
    assert "--header 'X-Own: ***'" in ended.stdout
    assert "-H 'Authorization: ***'" in ended.stdout
    check(tmp_path, ended.output, repr(ended.exception))
    again = CliRunner().invoke(
        verify, ["--recording", str(tmp_path / "run.ndjson"), "--report", f"json={tmp_path / 'j'}"]
    )
    assert re.search(r"^error: result\.count-is-ids", again.stdout, re.MULTILINE)
    check(tmp_path, again.output)


def test_no_scenario_that_is_recorded_has_a_secret(flags: Any, tmp_path: Path) -> None:
    (path, *_) = write_samples(tmp_path, ["Kathryn_Paula.wav"])
    ended = CliRunner().invoke(record, [TARGET, str(path), "-o", str(tmp_path / "s.yaml"), *flags], env=ENVIRONMENT)
    assert ended.exit_code == 0, ended.output
    check(tmp_path, ended.output)


@pytest.mark.parametrize("level", ["info", "debug"])
def test_no_file_and_no_log_of_a_proxy_has_a_secret(url: str, tmp_path: Path, level: str) -> None:
    """Those of the way to the platform, those that the client sends through, and those that the platform hands out."""
    import requests  # noqa: PLC0415

    user = f"{quote(PROXY_USER)}:{quote(PROXY_PASSWORD, safe='')}"
    kinds = ",".join(f"{kind}={tmp_path / kind}" for kind in ("json", "junit", "html", "github"))
    files = ("--save", str(tmp_path / "s.yaml"), "--record", str(tmp_path / "run.ndjson"), "--report", kinds)
    way = ("--proxy", url.replace("http://", f"http://{user}@"))
    command = [sys.executable, "-c", PROGRAM, "proxy", TARGET, "--port", "0", "--log-level", level, *files, *way]
    (sample, *_) = write_samples(tmp_path / "samples", ["Kathryn_Paula.wav"])
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, **ENVIRONMENT}
        ) as process,
    ):
        assert process.stdout is not None
        try:
            standing = process.stdout.readline().removeprefix("listening on ").strip()
            with requests.Session() as session:
                session.trust_env = False
                session.headers.update({"X-Token": TOKEN, "X-Own": OWN, "Cookie": f"a={COOKIE}; b=2"})
                with sample.open("rb") as file:
                    started = session.post(
                        f"{standing}/api/technology/speaker-diarization", files={"file": file}, timeout=60
                    )
                assert started.status_code == 202, started.text
                ended = session.get(started.headers["x-location"], timeout=60)
                journal = session.get(f"{standing}/__diarkit/v1/journal", timeout=60)
        finally:
            process.terminate()
        written = process.communicate(timeout=60)[0]
    assert {OWN, COOKIE, FROM_ENVIRONMENT} <= {
        secret for secret in PLAIN if secret in str(ended.json()["pieces"]) + ended.json()["echo"]
    }
    assert process.returncode == 1, written  # the platform breaks a clause
    assert "count" in (tmp_path / "s.yaml").read_text("utf-8")
    check(tmp_path, written, journal.text)


def test_no_comparison_has_a_secret(flags: Any, tmp_path: Path) -> None:
    ended = CliRunner().invoke(
        parity, [TARGET, TARGET, "--tier", "probe", "--json", str(tmp_path / "p.json"), *flags], env=ENVIRONMENT
    )
    assert ended.exit_code in {0, 1}, ended.output
    check(tmp_path, ended.output)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nX: TOLD\r\nbroken TOLD\r\n\r\n", b"SSH-2.0 TOLD\r\n"])
def test_no_error_has_a_secret(answer: bytes, tmp_path: Path, say: Any) -> None:
    told = answer.replace(b"TOLD", " ".join(PLAIN[:6]).encode())
    server = say(told).replace("http://", f"http://{quote(USER)}:{quote(PASSWORD, safe='')}@")
    ended = CliRunner().invoke(verify, [server, *FLAGS, "--report", f"json={tmp_path / 'json'}"], env=ENVIRONMENT)
    assert ended.exit_code == 4, ended.output
    check(tmp_path, ended.output, repr(ended.exception))
