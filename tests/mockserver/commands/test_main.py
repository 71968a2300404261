"""The commands as people start them. A long file: a flag or a rule of the help that holds for one command holds for all."""

from __future__ import annotations

import json
import logging
import os
import re
import shlex
import ssl
import subprocess
import sys
import urllib.request
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click
import pytest
import trustme
from click.testing import CliRunner

from diarkit_mockserver.commands.main import main
from diarkit_mockserver.journal.access_log import start_log
from diarkit_mockserver.serving.server import bind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Ask = Callable[..., Any]
    Serve = Callable[..., Any]
    Diarkit = Callable[..., subprocess.CompletedProcess[str]]

ENDPOINT = "/api/technology/speaker-diarization"
IMPORTS = """
import sys
from diarkit_mockserver.commands.main import main
heavy = ("uvicorn", "numpy", "fastapi", "pydantic", "hypothesis", "yaml", "multipart")
print([name for name in heavy if name in sys.modules])
"""


def test_the_first_line_says_where_the_server_listens(serve: Serve, ask: Ask) -> None:
    running = serve("--port", "0")
    assert re.fullmatch(r"http://127\.0\.0\.1:[1-9][0-9]*", running.url)
    assert ask(running.url, "GET", "/api/system/status").status == 200
    assert running.end() == 0
    assert running.process.stdout.read() == ""


def test_a_port_in_use_ends_at_once_with_2_and_names_the_flag(diarkit: Diarkit) -> None:
    with bind("127.0.0.1", 0) as bound:
        port = str(bound.getsockname()[1])
        ended = diarkit("serve", "--port", port)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"port {port} is in use" in ended.stderr
    assert "--port" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (("--port", "65536"), "--port"),
        (("--port", "-1"), "--port"),
        (("--port", "http"), "--port"),
        (("--host", "no-such-host.invalid"), "--host"),
        (("--host", "203.0.113.1"), "--host"),
        (("--seed", "x"), "--seed"),
        (("--x-location", "both"), "--x-location"),
        (("--log-level", "loud"), "--log-level"),
        (("--upload-bytes", "-1"), "--upload-bytes"),
        (("--rate", "often"), "rate"),
        (("--scenario", "/no/such/file.yaml"), "--scenario"),
        (("--scenario", "/"), "--scenario"),
        (("--sceanrio", "x"), "--scenario"),
        (("extra",), "extra"),
    ],
)
def test_a_wrong_flag_ends_with_2_and_is_named(diarkit: Diarkit, flags: tuple[str, ...], named: str) -> None:
    ended = diarkit("serve", *(("--port", "0") if "--port" not in flags else ()), *flags)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert named in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_broken_scenario_ends_with_2_and_its_place(diarkit: Diarkit, tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("version: 1\nrules:\n  - when: {filname: x}\n    then: {failed: x}\n", "utf-8")
    ended = diarkit("serve", "--port", "0", "--scenario", str(file))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"{file}:3:12" in ended.stderr
    assert "filename" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"{", b"version: 2\n", b"[]", b"\x00", b"&a [*a]"])
def test_what_is_no_scenario_ends_with_2_and_no_traceback(diarkit: Diarkit, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "broken.yaml"
    file.write_bytes(content)
    ended = diarkit("serve", "--port", "0", "--scenario", str(file))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert str(file) in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110 - of the machine
@pytest.mark.parametrize(
    "words",
    [
        "clauses",
        "generations",
        "samples list",
        "scenario schema",
        "demo",
        "serve --help",
        "health 127.0.0.1:1",
    ],
)
@pytest.mark.parametrize("output", ["full", "closed"])
def test_an_output_that_is_full_or_closed_is_no_bug(
    plain_environment: dict[str, str], words: str, output: str, tmp_path: Path
) -> None:
    command = shlex.join([sys.executable, "-m", "diarkit", *words.split()])
    end = ">/dev/full" if output == "full" else ">&-"
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{command} {end}"],
        capture_output=True, text=True, env=plain_environment, cwd=tmp_path, check=False,
    )  # fmt: skip
    expected = 1 if words.startswith("health") else 2 if output == "full" else 0
    assert (ended.returncode, "bug in diarkit" in ended.stderr) == (expected, False), ended.stderr
    assert ("can't write standard output: No space left on device" in ended.stderr) == (expected == 2)


@pytest.mark.parametrize(
    ("words", "code"), [("verify http://127.0.0.1:1", 4), ("clauses", 0), ("coverage gone.ndjson", 2)]
)
def test_closed_outputs_are_no_bug(plain_environment: dict[str, str], words: str, code: int, tmp_path: Path) -> None:
    command = shlex.join([sys.executable, "-m", "diarkit", *words.split()])
    ended = subprocess.run(["/bin/sh", "-c", f"{command} 2>&- >&-"], env=plain_environment, cwd=tmp_path, check=False)
    assert ended.returncode == code


def test_a_scenario_that_the_generation_can_not_follow_is_named(diarkit: Diarkit, tmp_path: Path) -> None:
    file = tmp_path / "later.yaml"
    file.write_text("course: {polls: {cancelled: 1}}\n", "utf-8")
    ended = diarkit("serve", "--port", "0", "--scenario", str(file))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"{file}: generation 3.6 has no state cancelled" in ended.stderr


def test_a_scenario_that_may_not_be_read_ends_with_2(diarkit: Diarkit, tmp_path: Path) -> None:
    file = tmp_path / "secret.yaml"
    file.write_text("version: 1\n", "utf-8")
    file.chmod(0)
    if os.access(file, os.R_OK):
        pytest.skip("this user may read everything")
    ended = diarkit("serve", "--port", "0", "--scenario", str(file))
    assert ended.returncode == 2
    assert "--scenario" in ended.stderr


def test_the_rules_of_a_scenario_answer(serve: Serve, submit: Ask, ask: Ask, tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(
        """
        version: 1
        course: immediate
        rules:
          - when: {filename: "broken*.wav"}
            then: {rejected: "The media file cannot be decoded."}
          - when: {config: {total_speakers: 3}}
            then: {failed: "Processing failed."}
          - when: {filename: busy.wav}
            then: {http: 507}
        """,
        "utf-8",
    )
    url = serve("--port", "0", "--scenario", str(file)).url

    def end(**upload: Any) -> str:
        answer = submit(url, b"x", **upload)
        if answer.status != 202:
            return str(answer.status)
        return str(json.loads(ask(answer.header("x-location")).body)["task"]["state"])

    assert end(filename="broken-1.wav") == "rejected"
    assert end(config='{"total_speakers": 3}') == "failed"
    assert end(filename="busy.wav") == "507"


def test_every_flag_has_its_variable_and_the_flag_counts_first(serve: Serve, submit: Ask, make_wav: Ask) -> None:
    env = {
        "DIARKIT_PORT": "0",
        "DIARKIT_EXTERNAL_URL": "http://told.example",
        "DIARKIT_UPLOAD_BYTES": "1000",
        "DIARKIT_SEED": "5",
    }
    told = submit(serve(env=env).url, b"x")
    assert told.header("x-location").startswith("http://told.example/")
    assert submit(serve(env=env).url, make_wav()).status == 413
    flagged = submit(
        serve("--external-url", "http://flag.example", "--upload-bytes", "100000", env=env).url, make_wav()
    )
    assert (flagged.status, flagged.header("x-location")[:20]) == (202, "http://flag.example/")


def test_the_seed_decides_the_ids(serve: Serve, submit: Ask) -> None:
    flags = (("--seed", "1"), ("--seed", "1"), ("--seed", "2"), ())
    first, again, second, none = (submit(serve("--port", "0", *each).url, b"x").body for each in flags)
    assert first == again
    assert len({first, second, none}) == 3


def test_x_location_is_relative_on_request(serve: Serve, submit: Ask) -> None:
    location = submit(serve("--port", "0", "--x-location", "relative").url, b"x").header("x-location")
    assert location.startswith(f"{ENDPOINT}/")


@pytest.mark.parametrize(("profile", "warns"), [("3.6", False), ("5.0", True)])
def test_a_generation_is_served_and_a_limit_that_it_does_not_declare_is_named(
    serve: Serve, ask: Ask, profile: str, warns: bool
) -> None:
    running = serve("--port", "0", "--rate", "9/1", env={"DIARKIT_PROFILE": profile})
    assert profile in json.loads(ask(running.url, "GET", "/api/system/info").body)["version"]
    assert f'"version":"{profile}.0"' in ask(running.url, "GET", "/openapi.json").body.decode()
    assert (f"limits.rate: generation {profile} declares no 429" in running.log.read_text("utf-8")) is warns


def test_the_log_goes_to_stderr_and_says_what_is_odd(serve: Serve, submit: Ask) -> None:
    running = serve("--port", "0")
    submit(running.url, b"x", config='{"max_speaker": 2}')
    submit(running.url, b"x", config="{")
    running.end()
    log = running.log.read_text("utf-8")
    assert "config keys that the platform does not know are ignored: max_speaker" in log
    assert re.search(r"POST \S+ 422, .*, body\.config: Invalid JSON", log)
    assert running.process.stdout.read() == ""


def test_a_quiet_log_is_empty(serve: Serve, submit: Ask) -> None:
    running = serve("--port", "0", "--quiet")
    submit(running.url, b"x", config="{")
    running.end()
    assert running.log.read_text("utf-8") == ""


def test_help_names_every_flag_with_its_variable(diarkit: Diarkit) -> None:
    shown = diarkit("serve", "--help").stdout
    for flag in main.commands["serve"].params:
        assert flag.opts[0] in shown
        assert str(flag.envvar) in shown


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_every_command(diarkit: Diarkit, flag: str) -> None:
    shown = diarkit(flag).stdout
    assert all(command in shown for command in ("serve", "health", "demo"))


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_the_version_is_the_packages(diarkit: Diarkit, flag: str) -> None:
    assert diarkit(flag).stdout == f"diarkit, version {version('diarkit')}\n"


def test_python_runs_it_as_a_module(plain_environment: dict[str, str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "diarkit", "--help"], capture_output=True, text=True, check=True, env=plain_environment
    )
    assert ran.stdout.startswith("Usage: diarkit [OPTIONS] COMMAND")


def test_all_addresses_are_for_other_machines_too_where_it_listens_everywhere(serve: Serve) -> None:
    running = serve("--port", "0", "--host", "0.0.0.0", "--control-token", "x")  # noqa: S104 - this is what is tested
    running.end()
    assert "on all interfaces" in running.log.read_text("utf-8")


def test_health_is_asked_where_the_same_settings_would_listen(serve: Serve, diarkit: Diarkit) -> None:
    running = serve("--port", "0")
    port = str(urlsplit(running.url).port)
    by_flag, by_variable, by_url = (
        diarkit("health", "--port", port),
        diarkit("health", env={"DIARKIT_PORT": port, "DIARKIT_HOST": "0.0.0.0"}),  # noqa: S104 - asked, not bound
        diarkit("health", running.url + "/"),
    )
    assert diarkit("health", running.url.removeprefix("http://")).returncode == 0
    assert [ended.returncode for ended in (by_flag, by_variable, by_url)] == [0, 0, 0]
    assert f"{running.url} answers" in by_flag.stdout
    running.end()
    ended = diarkit("health", "--port", port)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"{running.url}: no answer" in ended.stderr


def test_a_command_imports_what_it_needs_and_no_more(plain_environment: dict[str, str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True, env=plain_environment
    )
    assert ran.stdout.strip() == "[]"


def test_an_exchange_that_nobody_wants_logged_is_written_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("diarkit.exchanges"), "level", logging.NOTSET)
    monkeypatch.setattr(logging, "basicConfig", lambda **how: logging.getLogger("diarkit").setLevel(how["level"]))
    try:
        assert [start_log(level, "text") for level in ("error", "warning")] == [None, None]
        assert start_log("info", "text") is not None
    finally:
        logging.getLogger("diarkit").setLevel(logging.NOTSET)


def list_commands(command: click.Command, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            yield from list_commands(command.get_command(click.Context(command), name), *path, name)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path", [path for path, command in list_commands(main) if isinstance(command, click.Group)], ids=" ".join
)
def test_no_summary_of_a_command_is_cut_at_80_columns(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(main, [*path, "--help"], terminal_width=80).output
    summaries = shown.partition("\nCommands:\n")[2].partition("\n\n")[0].splitlines()
    assert summaries
    assert [line for line in summaries if line.endswith("...")] == []
    assert all(len(line) <= 80 for line in summaries)


@pytest.mark.parametrize(
    ("path", "command"),
    list(list_commands(main)),
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_the_help_of_every_command_ends_with_an_example_of_it(path: tuple[str, ...], command: click.Command) -> None:
    shown = CliRunner().invoke(main, [*path, "--help"]).output
    examples = shown.partition("\nExamples:\n")[2].splitlines()
    assert 1 <= len(examples) <= 2
    for example in examples:
        program, *words = shlex.split(example)
        assert program == "diarkit"
        assert tuple(words[: len(path)]) == path
        if not isinstance(command, click.Group):
            command.make_context("diarkit", words[len(path) :], resilient_parsing=True)


def test_an_unknown_variable_is_named_at_the_start(serve: Serve) -> None:
    running = serve("--port", "0", env={"DIARKIT_SCENARO": "x"})
    assert "DIARKIT_SCENARO is not a setting and is ignored; did you mean DIARKIT_SCENARIO?" in running.log.read_text()


def test_the_token_for_secrets_is_drawn_and_opens_them(serve: Serve, ask: Callable[..., Any]) -> None:
    running = serve("--port", "0")
    while (told := re.search(r"token +(\S+) ", running.log.read_text("utf-8"))) is None:
        pass  # it is written behind the line that the fixture waits for
    token = told[1]
    path = "/__diarkit/v1/journal?reveal=true"
    assert ask(running.url, "GET", path).status == 401
    assert ask(running.url, "GET", path, None, {"Authorization": f"Bearer {token}"}).status == 200


def test_a_server_speaks_tls(serve: Serve, diarkit: Diarkit, tmp_path: Path) -> None:
    """X-Location says so too; health, verify and its --fake reach it."""
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    issued = authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA)
    issuer, chain, key = (tmp_path / name for name in ("issuer.pem", "chain.pem", "key.pem"))
    authority.cert_pem.write_to_path(str(issuer))
    chain.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(str(key))
    environment = {"DIARKIT_TLS_CERT": str(chain)}
    running = serve("--port", "0", "--tls-key", str(key), env=environment)
    assert running.url.startswith("https://127.0.0.1:")
    port = str(urlsplit(running.url).port)
    assert diarkit("health", "--port", port, env=environment).returncode == 0
    assert diarkit("health", running.url).returncode == 0
    assert "another server answers" in diarkit("health", f"127.0.0.1:{port}").stderr
    trusted = ssl.create_default_context(cafile=issuer)
    with urllib.request.urlopen(f"{running.url}/api/system/info", context=trusted) as answer:  # noqa: S310 - our own
        assert answer.status == 200
    verified = diarkit("verify", running.url, "--fake", "--only", "row-01", "--cacert", str(issuer))
    assert verified.returncode in (0, 1), verified.stderr


@pytest.mark.parametrize(
    ("flags", "named"), [(("--tls-key",), "--tls-key needs a certificate"), (("--tls-cert",), "PEM")]
)
def test_a_wrong_certificate_is_blamed(diarkit: Diarkit, tmp_path: Path, flags: tuple[str, ...], named: str) -> None:
    file = tmp_path / "no.pem"
    file.write_text("no certificate")
    ended = diarkit("serve", "--port", "0", *flags, str(file))
    assert (ended.returncode, named in ended.stderr) == (2, True)


def test_a_pipe_is_no_scenario(diarkit: Diarkit, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    ended = diarkit("serve", "--port", "0", "--scenario", str(tmp_path / "pipe"))
    assert (ended.returncode, "expected a regular file" in ended.stderr) == (2, True)


URLS = ["http://127.0.0.1:1", "http://127.0.0.1:2"]


@pytest.mark.parametrize(
    ("command", "asked"),
    [("verify", URLS[:1]), ("learn", URLS[:1]), ("proxy", URLS[:1]), ("parity", URLS), ("coverage", [os.devnull])],
)
def test_a_command_without_its_extra_says_what_to_install(command: str, asked: list[str]) -> None:
    code = "import sys; sys.modules['jsonschema'] = None; from diarkit_mockserver.commands.main import main; main()"
    ended = subprocess.run([sys.executable, "-c", code, command, *asked], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "jsonschema is not installed: pip install 'diarkit[verify]'" in ended.stderr
    assert "Traceback" not in ended.stderr
