from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from diarkit_contracts.exchanges.recording import read_recording
from diarkit_mockserver.commands.journal import follow_pages, journal, write_journal
from diarkit_mockserver.control import calls
from diarkit_mockserver.control.orders import NewWorld
from diarkit_mockserver.harness.fake import Fake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Ask = Callable[..., Any]

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
LINES = """\
2000-01-01 00:00:00.000Z POST /worlds/w/api/technology/speaker-diarization 202 pending, N B in, 77 B out, 0.0 ms
2000-01-01 00:00:02.500Z GET /worlds/w/api/technology/speaker-diarization/TASK 200 done, N B out, 0.0 ms
"""


@pytest.fixture(scope="module")
def fake() -> Iterator[Fake]:
    fake = Fake()
    yield fake
    fake.stop()


@pytest.fixture
def url(fake: Fake, submit: Ask, ask: Ask) -> Iterator[str]:
    """A world where a client has been."""
    server = fake.open_world("w", frozen=True)
    headers = {"traceparent": TRACE, "Authorization": "Bearer geheim"}
    location = submit(server.url, b"x", query="key=geheim", headers=headers).header("x-location")
    server.advance(2.5)
    ask(location)
    yield server.url
    server.close()


def run(*arguments: str, exits: int = 0) -> str:
    ended = CliRunner().invoke(journal, arguments, catch_exceptions=False)
    assert ended.exit_code == exits, ended.output
    return ended.output


def mask(text: str) -> str:
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "TASK", re.sub(r"\b\d{3,} B (in|out)", r"N B \1", text))


def test_a_journal_is_lines_with_dates_for_people(url: str) -> None:
    assert mask(run(url)) == LINES


def test_without_a_url_it_is_where_the_same_settings_would_serve(fake: Fake, ask: Ask) -> None:
    ask(fake.url, "GET", "/of-the-default-world")
    assert "/of-the-default-world 404" in run("--port", fake.url.rpartition(":")[2])


def test_a_url_may_be_host_and_port_only(url: str) -> None:
    assert mask(run(url.removeprefix("http://"))) == LINES


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "http://", "http://[::1", "127.0.0.1:99999"])
def test_what_is_no_url_is_a_wrong_call(url: str) -> None:
    assert f"such as http://127.0.0.1:8000, got {url!r}" in run(url, exits=2)


@pytest.mark.parametrize("form", ["json", "ndjson", "har"])
def test_each_other_form_is_a_recording_without_secrets_and_with_all_ids(
    fake: Fake, url: str, tmp_path: Path, form: str
) -> None:
    file = tmp_path / f"a.{form}"
    file.write_text(run(url, "--format", form), "utf-8")
    first, second = read_recording(file)
    assert (first.answer.status, second.answer.status) == (202, 200)
    assert dict(first.request.headers)["traceparent"] == TRACE
    assert "geheim" not in file.read_text("utf-8")
    assert "geheim" in run(url, "--format", form, "--reveal", "--token", fake.token or "")


def test_json_is_laid_out_and_has_seconds_and_dates_in_the_place_of_ticks(url: str) -> None:
    text = run(url, "--format", "json")
    told = json.loads(text)
    assert len(text.splitlines()) > 20
    assert (told["total"], told["date"]) == (2, "2000-01-01T00:00:02.500000+00:00")
    second = told["entries"][1]
    assert (second["date"], second["entry"]["asked_at"]) == ("2000-01-01T00:00:02.500000+00:00", 2.5)
    assert "2500000" not in text


def test_one_task_may_be_asked_for(url: str) -> None:
    task = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", run(url))
    assert task
    assert len(run(url, "--task", task[0]).splitlines()) == 2
    assert run(url, "--task", "another") == ""


@pytest.mark.parametrize(
    ("arguments", "exits", "said"),
    [
        (("URL/worlds/nobody",), 1, "there is no world 'nobody'"),
        (("http://127.0.0.1:1",), 4, "no fake answers at http://127.0.0.1:1"),
        (("URL", "--follow", "--format", "har"), 2, "--follow has no end"),
        (("URL", "--format", "xml"), 2, "'xml' is not one of"),
    ],
)
def test_what_goes_wrong_is_said_and_has_an_exit_code(
    fake: Fake, arguments: tuple[str, ...], exits: int, said: str
) -> None:
    assert said in run(*(one.replace("URL", fake.url) for one in arguments), exits=exits)


class Steps:
    """A clock whose sleeper does something instead."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self.steps = list(steps)

    def sleep(self, _: float) -> None:
        self.steps.pop(0)()

    now = today = None


def test_who_follows_sees_each_new_exchange_once_also_after_the_world_began_again(fake: Fake, ask: Ask) -> None:
    name = "followed"
    fake.control.send(calls.open_world(NewWorld(name=name)))

    def look(path: str) -> None:
        ask(f"{fake.url}/worlds/{name}", "GET", path)

    look("/a"), look("/b")
    clock: Any = Steps(
        lambda: look("/c"), lambda: None, lambda: fake.control.send(calls.reset_world(), name), lambda: look("/d")
    )
    lines = write_journal(follow_pages(fake.control, name, clock, task=None, reveal=True), "text")
    assert [line.split()[3].rpartition("/")[2] for line in islice(lines, 4)] == ["a", "b", "c", "d"]
    assert clock.steps == []
