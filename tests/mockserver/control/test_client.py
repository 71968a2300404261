from __future__ import annotations

import http.client
import http.server
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

import pytest

from diarkit_mockserver.control import calls
from diarkit_mockserver.control.client import Control, NearControl, find_control, read_pages, split_world
from diarkit_mockserver.control.orders import Answers, Move, NewWorld
from diarkit_mockserver.control.problem import ControlError, RefusedError, UnknownError
from diarkit_mockserver.scenario.model import Rule, Then
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diarkit_mockserver.control.call import Order
    from diarkit_mockserver.control.client import Sender

TOKEN = "a-token"  # noqa: S105 - of a test


@pytest.fixture
def platform() -> Platform:
    return Platform(World(), control_token=TOKEN, nonce="n")


@pytest.fixture
def url(start: Callable[..., Any], platform: Platform) -> str:
    return str(start(platform=platform).url)


@pytest.fixture
def control(url: str) -> Iterator[Control]:
    with closing(Control(url, TOKEN)) as control:
        yield control


@pytest.fixture
def other() -> Iterator[str]:
    """A server that knows nothing of ours, and answers all in its own way."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if "ready" in self.path else 500)
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, *_: object) -> None:  # type: ignore[override]
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_same_connection_is_kept(control: Control, platform: Platform) -> None:
    for _ in range(3):
        control.send(calls.read_ready())
        assert len(platform.list_connections()) == 1


def test_a_connection_that_the_server_closed_is_opened_again(start: Callable[..., Any], platform: Platform) -> None:
    thread = start(platform=platform)
    with closing(Control(thread.url, TOKEN)) as control:
        control.send(calls.read_ready())
        thread.call(lambda: [one.transport.close() for one in thread._server._shared.connections])  # noqa: SLF001
        thread.call(lambda: None)
        control.send(calls.add_answers(Answers(rules=(Rule(then=Then(failed="x")),))))


def test_threads_may_share_a_client(control: Control) -> None:
    def work(number: int) -> int:
        name = f"w{number}"
        control.send(calls.open_world(NewWorld(name=name)))
        control.send(calls.advance_clock(Move(seconds=number * 1000)), name)
        return int(control.send(calls.read_clock(), name).seconds) // 1000

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(work, range(64))) == list(range(64))


@pytest.mark.parametrize(
    ("order", "world", "kind", "also", "text"),
    [
        (calls.read_clock(), "none", UnknownError, KeyError, "World unknown: there is no world 'none'"),
        (calls.step_task("none"), "", UnknownError, KeyError, "Task unknown: there is no task 'none'"),
        (calls.advance_clock(Move(seconds=-1)), "", RefusedError, ValueError, "time moves forward only: expected"),
        (
            calls.advance_clock(Move(seconds=cast("Any", "x"))),
            "",
            RefusedError,
            ValueError,
            "seconds: expected a number",
        ),
        (calls.open_world(NewWorld(name="/")), "", RefusedError, ValueError, "expected a name of"),
    ],
)
def test_a_refusal_is_an_error_of_its_kind_whichever_way_it_came(
    sender: Sender, order: Order[object], world: str, kind: type[ControlError], also: type[Exception], text: str
) -> None:
    with pytest.raises(kind) as raised:
        sender.send(order, world)
    assert isinstance(raised.value, also)
    assert str(raised.value).startswith(text)


def test_a_server_that_was_stopped_is_told_as_one_that_does_not_answer(start: Callable[..., Any]) -> None:
    platform = Platform(World())
    thread = start(platform=platform)
    near = NearControl(thread.url, platform, thread.call)
    thread.stop()
    with pytest.raises(OSError, match="was stopped"):
        near.send(calls.read_ready())


def test_a_call_in_this_process_sees_what_clients_did_before(start: Callable[..., Any]) -> None:
    platform = Platform(World())
    thread = start(platform=platform)
    near = NearControl(thread.url, platform, thread.call)
    for _ in range(50):
        client = http.client.HTTPConnection("127.0.0.1", int(thread.url.rpartition(":")[2]))
        client.request("GET", "/api/system/info")
        client.getresponse().read()
        client.close()
        assert near.send(calls.read_journal()).connections == ()


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://h:1", ("http://h:1", "")),
        ("http://h:1/", ("http://h:1", "")),
        ("http://h:1/a/", ("http://h:1/a", "")),
        ("http://h:1/worlds/w", ("http://h:1", "w")),
        ("http://h:1/worlds/w/", ("http://h:1", "w")),
    ],
)
def test_the_url_of_a_world_is_that_of_a_server_and_a_name(url: str, parts: tuple[str, str]) -> None:
    assert split_world(url) == parts


def test_a_journal_is_read_page_by_page_to_its_end(
    control: Control, url: str, ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        ask(url, "GET", "/api/system/status")
    full = [entry["entry"]["number"] for page in read_pages(control, "") for entry in page.entries]
    assert full == [1, 2, 3, 4, 5]
    monkeypatch.setattr(
        "diarkit_mockserver.control.client.PAGE", 0
    )  # a page that is as long as they get is not the last
    pages = read_pages(control, "", since=3)
    assert [entry["entry"]["number"] for entry in next(pages).entries] == [4, 5]
    assert next(pages).entries == ()


def test_without_the_token_it_is_told_where_to_find_it(url: str) -> None:
    with closing(Control(url)) as control, pytest.raises(ControlError, match="DIARKIT_CONTROL_TOKEN"):
        control.send(calls.list_worlds())


def test_a_server_may_live_under_a_prefix(url: str) -> None:
    with closing(Control(url + "/no-such-prefix")) as control, pytest.raises(UnknownError):
        control.send(calls.read_ready())


@pytest.mark.parametrize("wrong", ["localhost:8000", "ftp://x", "", "http://"])
def test_what_is_no_url_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="expected a URL such as"):
        Control(wrong)


def test_another_server_is_told_apart(url: str, other: str) -> None:
    found = find_control(url, TOKEN)
    assert found is not None
    found[0].close()
    assert found[1].nonce == "n"
    assert find_control(other) is None
    assert find_control("http://127.0.0.1:1") is None


def test_another_servers_error_is_told_as_one(other: str) -> None:
    with (
        closing(Control(other)) as control,
        pytest.raises(ControlError, match="answered with 500 by a server that is not"),
    ):
        control.send(calls.list_worlds())


def test_a_client_with_nobody_to_ask_raises_and_may_be_used_again(start: Callable[..., Any]) -> None:
    with closing(Control("http://127.0.0.1:1")) as control:
        for _ in range(2):
            with pytest.raises(OSError, match="refused"):
                control.send(calls.read_ready())


def test_a_client_costs_no_framework() -> None:
    program = "import sys, diarkit_mockserver.control.client; print({'fastapi', 'starlette', 'pydantic', 'uvicorn'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
