from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.journal.access_log import JsonLines, Lines, exchanges

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Any]
    Ask = Callable[..., Any]

MASKS = (
    (r"http://127\.0\.0\.1:\d+", "http://HOST"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z", "TIME"),
    (r"[0-9a-f]{8}-[0-9a-f-]{27}", "TASK"),
    (r"\d+\.\d ms", "N ms"),
    (r"\d+ B in", "N B in"),
)

TRANSCRIPT = """\
  API            http://HOST/api/technology/speaker-diarization
  documentation  http://HOST/docs
  page           http://HOST/__diarkit/
  control API    http://HOST/__diarkit/v1/docs
  token          TOKEN (for values that may be secret: reveal=true)
TIME WARNING call.wav: config keys that the platform does not know are ignored: max_speaker
TIME INFO the rule for filename='call*' is used up (times: 1); later rules apply from now on
TIME POST /api/technology/speaker-diarization 202 pending, N B in, 77 B out, N ms, rule filename='call*', \
config keys that the platform does not know are ignored: max_speaker
TIME GET /api/technology/speaker-diarization/TASK 200 running, 104 B out, N ms
TIME GET /api/technology/speaker-diarization/TASK 200 failed, 146 B out, N ms
TIME POST /api/technology/speaker-diarization 422, N B in, 261 B out, N ms, body.config: Invalid JSON: ...
TIME GET /nowhere 404, 92 B out, N ms, the platform has no path /nowhere
"""


def mask(text: str) -> str:
    text = re.sub(r"(token +)\S+", r"\1TOKEN", text)
    for pattern, name in MASKS:
        text = re.sub(pattern, name, text)
    return re.sub(r"(Invalid JSON:) .*", r"\1 ...", text)


@pytest.fixture
def watch(serve: Serve, submit: Ask, ask: Ask, tmp_path: Any) -> Callable[..., str]:
    """Let a client go through the guide's steps, and stumble twice; return what was logged."""
    file = tmp_path / "scenario.yaml"
    file.write_text("rules:\n- {when: {filename: 'call*'}, then: {failed: Oh.}, times: 1}\n", "utf-8")

    def run(*flags: str) -> str:
        running = serve("--port", "0", "--scenario", str(file), *flags)
        location = submit(running.url, b"x", query="key=geheim", config='{"max_speaker": 2}').header("x-location")
        ask(location), ask(location)
        submit(running.url, b"x", config="{")
        ask(running.url, "GET", "/nowhere?key=geheim")
        running.end()
        log: str = running.log.read_text("utf-8")
        assert "geheim" not in log
        return log

    return run


def test_on_a_terminal_each_exchange_has_a_line(watch: Callable[..., str]) -> None:
    assert mask(watch()) == TRANSCRIPT


def test_as_json_each_line_is_an_object_and_the_first_has_the_addresses(watch: Callable[..., str]) -> None:
    first, *others = (json.loads(line) for line in watch("--log-format", "json").splitlines())
    assert first["addresses"]["documentation"].endswith("/docs")
    assert all({"time", "level"} <= told.keys() for told in (first, *others))
    told = [(one["method"], one["status"], one["state"]) for one in others if "method" in one]
    assert told == [
        ("POST", 202, "pending"),
        ("GET", 200, "running"),
        ("GET", 200, "failed"),
        ("POST", 422, None),
        ("GET", 404, None),
    ]


@pytest.mark.parametrize(
    ("flags", "lines"),
    [
        (("--log-level", "warning"), {"page", "WARNING"}),
        (("--log-level", "error"), {"page"}),
        (("--quiet",), set[str]()),
        (("--log-level", "debug"), {"page", "WARNING", "INFO", " POST ", '"request":'}),
    ],
)
def test_each_level_shows_more_than_the_one_before(
    watch: Callable[..., str], flags: tuple[str, ...], lines: set[str]
) -> None:
    logged = watch(*flags)
    marks = {"page", "WARNING", "INFO", " POST ", '"request":'}
    assert {mark for mark in marks if mark in logged} == lines
    assert bool(logged) is bool(lines)


def make_record(name: str, text: str, **extra: Any) -> logging.LogRecord:
    record = logging.LogRecord(name, logging.WARNING, "f.py", 1, "%s", (text,), None)
    record.__dict__.update(created=0.25, msecs=250.0, **extra)
    return record


def test_a_message_stays_on_its_line() -> None:
    assert Lines().format(make_record("diarkit", "a\nb")) == "1970-01-01 00:00:00.250Z WARNING a\\nb"
    assert Lines().format(make_record(exchanges.name, "as it is")) == "as it is"


def test_a_message_in_json_has_its_level() -> None:
    told = json.loads(JsonLines().format(make_record("diarkit", "a\nb")))
    assert told == {"time": "1970-01-01T00:00:00.250000+00:00", "level": "warning", "message": "a\nb"}
