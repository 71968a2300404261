"""The plugin in pytest runs of their own: alone, in several processes, and with servers elsewhere.

Longer than other files, as the tests that those runs are made of stand here as texts.
"""

from __future__ import annotations

import http.server
import json
import sys
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
import trustme
import yaml  # noqa: F401 - its C part knows the classes of its first import only, and pytester imports anew

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytest_plugins = ["pytester"]

CLIENTS = """
import asyncio
import httpx
import requests

def test_requests(diarization_server):
    response = requests.post(diarization_server.endpoint, files={"file": ("call.wav", b"x")})
    assert response.status_code == 202
    assert requests.get(response.headers["x-location"]).json()["task"]["state"] == "done"

def test_httpx(diarization_server):
    with httpx.Client() as client:
        response = client.post(diarization_server.endpoint, files={"file": ("call.wav", b"x")})
        assert client.get(response.headers["x-location"]).json()["task"]["state"] == "done"

def test_httpx_async(diarization_server):
    async def send(client, number):
        response = await client.post(diarization_server.endpoint, files={"file": (f"{number}.wav", b"x")})
        return (await client.get(response.headers["x-location"])).json()["task"]["state"]
    async def run():
        async with httpx.AsyncClient() as client:
            return await asyncio.gather(*(send(client, number) for number in range(20)))
    assert asyncio.run(run()) == ["done"] * 20
    assert len(diarization_server.submissions) == 20
"""

FRESH = """
import pytest
import requests

def upload(server, **how):
    return requests.post(server.endpoint, files={"file": ("call.wav", b"x")}, **how)

@pytest.mark.parametrize("number", range(4))
def test_fresh(diarization_server, number):
    assert diarization_server.submissions == ()
    response = upload(diarization_server)
    assert requests.get(response.headers["x-location"]).json()["task"]["state"] == "done"
    diarization_server.respond(failed="left behind", times=9)
    diarization_server.freeze()
    diarization_server.advance(100)
"""

IDS = """
import pytest
import requests

@pytest.mark.parametrize("number", range(3))
def test_ids(diarization_server, number):
    for _ in range(2):
        response = requests.post(diarization_server.endpoint, files={"file": ("call.wav", b"x")})
        print("id", number, response.json()["task"]["task_id"])
"""

LIVE = """
import pytest
import requests

@pytest.fixture
def told(diarization_server):
    diarization_server.respond(failed="Oh.")

def test_asks(diarization_server, diarization_url):
    assert diarization_server.url == diarization_url
    assert requests.get(diarization_server.url + "/api/system/info").json()["version"] == "3.6.0"
    response = requests.post(diarization_server.endpoint, files={"file": ("call.wav", b"x")})
    assert response.headers["x-location"].startswith(diarization_server.url)

def test_tells(diarization_server):
    diarization_server.respond(failed="Oh.")

def test_moves_time(diarization_server):
    diarization_server.advance(1)

def test_looks_back(diarization_server):
    assert diarization_server.submissions

def test_is_told_by_a_fixture(told):
    raise AssertionError("not reached")

def test_fails(diarization_server):
    raise AssertionError("a failure stays a failure")
"""

LEFT_BEHIND = """
import threading

def pytest_unconfigure(config):
    print("threads", [thread.name for thread in threading.enumerate()])
"""

LIGHT = """
import sys

def test_nothing(request):
    heavy = ("uvicorn", "numpy", "fastapi", "pydantic", "yaml", "click", "multipart", "diarkit_mockserver.serving.server")
    assert request.config.pluginmanager.has_plugin("diarkit")
    assert [name for name in heavy if name in sys.modules] == []
    ours = sorted(name for name in sys.modules if name.startswith("diarkit"))
    rooms = ["diarkit_mockserver", "diarkit_mockserver.harness"]
    plugins = ("contract_plugin", "coverage_plugin", "plugin", "rehearsal_plugin")
    assert ours == [*rooms, *(f"{rooms[1]}.{name}" for name in plugins)]
"""

IMPORTED = """
import sys
import pytest
before = set(sys.modules)
import diarkit_mockserver.harness.plugin
after = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(after - set(sys.stdlib_module_names)))
"""

WORLDS = """
import pytest
import requests

def upload(server):
    return requests.post(server.endpoint, files={"file": ("call.wav", b"x")}).status_code

@pytest.mark.parametrize("number", range(6))
def test_worlds(diarization_server, diarization_server_factory, number):
    others = [diarization_server_factory(), diarization_server_factory(frozen=True)]
    others[0].respond(http=503)
    assert [upload(each) for each in (diarization_server, *others)] == [202, 503, 202]
    assert [len(each.submissions) for each in (diarization_server, *others)] == [1, 1, 1]
    assert others[1].clock.frozen
    print("at", diarization_server.url.partition("/worlds/")[0])
    diarization_server.assert_submitted(filename="call.wav", times=1)
"""

ALONE = (
    "-p",
    "no:cacheprovider",
    "-p",
    "no:hypothesispytest",
    "-p",
    "no:schemathesis",
    "-p",
    "no:anyio",
    "-W",
    "error",
)


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., pytest.RunResult]:
    """Run a test file with warnings as errors and without other plugins' weight, in this process: each new one costs seconds."""
    for name in ("PYTEST_ADDOPTS", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)

    def start(test: str, *flags: str) -> pytest.RunResult:
        pytester.makepyfile(test)
        return pytester.runpytest_inprocess(*ALONE, *flags)

    return start


def list_ids(result: pytest.RunResult) -> list[str]:
    return sorted(line[line.index("id ") :] for line in result.outlines if "id " in line and "-" in line)


def test_every_usual_client_works_without_a_warning(run: Callable[..., pytest.RunResult]) -> None:
    run(CLIENTS).assert_outcomes(passed=3)


def test_every_test_has_a_server_in_its_first_state(run: Callable[..., pytest.RunResult]) -> None:
    run(FRESH).assert_outcomes(passed=4)


@pytest.mark.slow
def test_it_works_in_four_processes(run: Callable[..., pytest.RunResult]) -> None:
    run(FRESH + CLIENTS, "-n", "4").assert_outcomes(passed=7)


@pytest.mark.slow
def test_the_same_test_gets_the_same_ids_in_every_run_alone_and_in_any_process(
    run: Callable[..., pytest.RunResult],
) -> None:
    first = list_ids(run(IDS, "-rP"))
    assert len(set(first)) == 6
    assert list_ids(run(IDS, "-rP")) == first
    assert list_ids(run(IDS, "-rP", "-k", "1")) == first[2:4]
    assert list_ids(run(IDS, "-rP", "-n", "2")) == first


def test_no_thread_is_left_behind(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(LEFT_BEHIND)
    pytester.makepyfile(FRESH)
    result = pytester.runpytest_subprocess(*ALONE, "-s")  # here, other tests have threads of their own
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["threads ['MainThread']"])


@pytest.fixture
def live_url(serve: Callable[..., Any]) -> Iterator[str]:
    """A server that knows the platform's operations and nothing of ours, as the real one."""
    fake = serve("--port", "0").url

    class Gate(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if not self.path.startswith("/api/"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            request = urllib.request.Request(  # noqa: S310 - the fake's own URL
                fake + self.path, body or None, dict(self.headers), method=self.command
            )
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            try:
                came = opener.open(request, timeout=60)
            except urllib.error.HTTPError as error:
                came = error
            with came as answer:
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.read())

        do_POST = do_GET  # noqa: N815 - the name that the server looks for

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gate) as gate:
        gate.daemon_threads = True
        thread = threading.Thread(target=gate.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{gate.server_address[1]}"
        gate.shutdown()
        thread.join()


@pytest.mark.parametrize("way", ["flag", "ini", "flag before ini"])
def test_the_same_tests_go_to_another_server_and_skip_what_it_can_not_do(
    run: Callable[..., pytest.RunResult], pytester: pytest.Pytester, live_url: str, way: str
) -> None:
    url = live_url
    flags: tuple[str, ...] = ()
    if way != "flag":
        pytester.makeini(f"[pytest]\ndiarization_url = {url if way == 'ini' else 'http://127.0.0.1:1'}/\n")
    if way != "ini":
        flags = ("--diarization-url", url + "/")
    result = run(LIVE, "-rs", *flags)
    result.assert_outcomes(passed=1, skipped=4, failed=1)
    result.stdout.fnmatch_lines_random(
        [
            f"SKIPPED * only the fake can have its answers configured; the server under test is {url}",
            f"SKIPPED * only the fake can have its time moved; the server under test is {url}",
            f"SKIPPED * only the fake can list its submissions; the server under test is {url}",
        ]
    )


def test_a_fake_elsewhere_can_do_all_that_one_of_our_own_can(
    run: Callable[..., pytest.RunResult], serve: Callable[..., Any]
) -> None:
    url = serve("--port", "0").url
    run(FRESH + CLIENTS, "--diarization-url", url).assert_outcomes(passed=7)


def test_a_fake_elsewhere_is_the_one_to_test_against_also_where_servers_of_its_own_are_asked_for(
    run: Callable[..., pytest.RunResult], serve: Callable[..., Any], pytester: pytest.Pytester
) -> None:
    url = serve("--port", "0").url
    pytester.makeini("[pytest]\ndiarization_root = true\n")
    test = f"def test_x(diarization_server): assert diarization_server.url.startswith({url!r} + '/worlds/')"
    run(test, "--diarization-url", url).assert_outcomes(passed=1)


def test_nothing_is_imported_until_a_test_asks_for_the_server(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(LIGHT)
    pytester.runpytest_subprocess(*ALONE).assert_outcomes(passed=1)


def test_the_plugin_imports_pytest_alone(pytester: pytest.Pytester) -> None:
    result = pytester.run(sys.executable, "-c", IMPORTED)
    assert result.outlines == ["['diarkit_mockserver']"]


def test_its_fixtures_are_listed_under_its_name(run: Callable[..., pytest.RunResult]) -> None:
    result = run("", "--fixtures")
    names = [line.split()[0] for line in result.outlines if "diarkit_mockserver" in line and " -- " in line]
    assert "diarization_server" in names
    assert all(name.startswith("diarization_") for name in names)


def test_its_flag_is_in_the_help(run: Callable[..., pytest.RunResult]) -> None:
    result = run("", "--help")
    result.stdout.fnmatch_lines(["*--diarization-url=URL*", "*diarization_url *"])


def list_servers(result: pytest.RunResult) -> set[str]:
    return {line[line.index("at http") :] for line in result.outlines if "at http" in line}


def test_further_servers_are_made_in_a_test_also_without_processes_to_share_them(
    run: Callable[..., pytest.RunResult],
) -> None:
    run(WORLDS, "--diarization-shared").assert_outcomes(passed=6)


def test_a_fake_elsewhere_has_no_worlds_left_when_the_tests_are_through(
    run: Callable[..., pytest.RunResult], serve: Callable[..., Any], ask: Callable[..., Any]
) -> None:
    url = serve("--port", "0").url
    for _ in range(2):
        result = run(WORLDS, "-rP", "--diarization-url", url)
        result.assert_outcomes(passed=6)
        assert list_servers(result) == {f"at {url}"}
    assert [world["name"] for world in json.loads(ask(url, "GET", "/__diarkit/v1/worlds").body)] == [""]


def test_a_fake_elsewhere_is_shown_the_token(
    run: Callable[..., pytest.RunResult], serve: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = serve("--port", "0", "--control-token", "t").url
    result = run(FRESH, "--diarization-url", url)
    result.assert_outcomes(errors=4)
    result.stdout.fnmatch_lines(["*DIARKIT_CONTROL_TOKEN*"])
    monkeypatch.setenv("DIARKIT_CONTROL_TOKEN", "t")
    run(FRESH, "--diarization-url", url).assert_outcomes(passed=4)


@pytest.mark.slow
@pytest.mark.parametrize(("flags", "servers"), [((), 2), (("--diarization-shared",), 1)])
def test_processes_have_a_server_each_or_share_one_and_the_ids_are_the_same(
    run: Callable[..., pytest.RunResult], flags: tuple[str, ...], servers: int
) -> None:
    result = run(WORLDS + IDS, "-rP", "-n", "2", "--dist", "load", *flags)
    result.assert_outcomes(passed=9)
    assert len(list_servers(result)) == servers
    assert list_ids(result) == list_ids(run(IDS, "-rP"))


@pytest.mark.slow
def test_a_shared_server_is_for_all_processes_at_once_and_leaves_no_thread_behind(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(LEFT_BEHIND)
    pytester.makepyfile(FRESH)
    flags = ("-s", "-n", "2", "--dist", "each", "--diarization-shared")
    result = pytester.runpytest_subprocess(*ALONE, *flags)  # as above
    result.assert_outcomes(passed=8)
    result.stdout.fnmatch_lines(["threads ['MainThread']"])


GENERATIONS = """
import pytest
import requests

def version(server):
    return requests.get(f"{server.url}/api/system/info").json()["version"]

def test_the_option(diarization_server, diarization_server_factory):
    assert version(diarization_server) == version(diarization_server_factory()) == "3.7.0"

@pytest.mark.diarization_profile("5.0")
def test_the_marker(diarization_server):
    assert version(diarization_server) == "5.0.0"

def test_the_scenario(diarization_server_factory):
    from diarkit_mockserver.testing import Scenario
    assert version(diarization_server_factory(Scenario(profile="3.6"))) == "3.6.0"
"""


def test_a_run_and_a_test_choose_the_generation(run: Callable[..., pytest.RunResult]) -> None:
    run(GENERATIONS, "--diarization-profile", "3.7", "--strict-markers").assert_outcomes(passed=3)


ELSEWHERE = """
import unittest
import pytest

def test_respond(diarization_server):
    diarization_server.respond(failed="x")

def test_strategies(diarization_fake):
    with diarization_fake.world() as server:
        pass

class TestCase(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def _server(self, diarization_server):
        self.server = diarization_server

    def test_with_unittest(self):
        self.server.set_faults()
"""


@pytest.fixture
def other_server() -> Iterator[Callable[[int, bytes], str]]:
    """Start a server that answers everything alike, and is no fake."""
    servers: list[http.server.HTTPServer] = []

    def begin(status: int, body: bytes) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        servers.append(http.server.HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,)).start()
        return f"http://127.0.0.1:{servers[-1].server_address[1]}"

    yield begin
    for server in servers:
        server.shutdown()
        server.server_close()


ENVELOPE = b'{"type": "resource.not-found", "message": "x", "detail": []}'


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (
            404,
            b"<h1>nginx</h1>",
            "*not the Speaker Diarization API: expected an error with type and message*got 404 *nginx*",
        ),
        (200, b"{}", "*not the Speaker Diarization API*got 200*"),
    ],
)
def test_a_server_that_is_no_such_api_ends_the_run_before_the_first_test(
    run: Callable[..., pytest.RunResult], other_server: Callable[[int, bytes], str], status: int, body: bytes, said: str
) -> None:
    result = run(ELSEWHERE, "--diarization-url", other_server(status, body))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([said])


def test_nobody_at_the_url_ends_the_run_before_the_first_test(run: Callable[..., pytest.RunResult]) -> None:
    result = run(ELSEWHERE, "--diarization-url", "http://127.0.0.1:9")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--diarization-url http://127.0.0.1:9: no answer: *"])


@pytest.mark.parametrize(
    ("flags", "outcomes"), [((), {"skipped": 3}), (("--diarization-fail-on-skip",), {"failed": 3})]
)
def test_what_only_the_fake_can_is_skipped_at_the_test_or_fails_if_that_is_asked_for(
    run: Callable[..., pytest.RunResult],
    other_server: Callable[[int, bytes], str],
    flags: tuple[str, ...],
    outcomes: dict[str, int],
) -> None:
    result = run(ELSEWHERE, "-rs", "--diarization-url", other_server(404, ENVELOPE), *flags)
    result.assert_outcomes(**outcomes)
    if not flags:
        result.stdout.fnmatch_lines(
            [
                "SKIPPED*test_*.py:4: only the fake can have its answers configured*",
                "SKIPPED*test_*.py:7: only the fake can open worlds*",
                "SKIPPED*test_*.py:16: only the fake can misbehave on a schedule*",
            ]
        )


OUTSIDE = """
import json, ssl, urllib.request

def test_it_speaks_tls_and_lets_pages_read(diarization_server):
    trusted = ssl.create_default_context(cafile={issuer!r})
    assert diarization_server.url.startswith("https://")
    asked = urllib.request.Request(diarization_server.url + "/api/system/info", headers={{"Origin": "http://localhost:3000"}})
    with urllib.request.urlopen(asked, context=trusted) as answer:
        assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert len(diarization_server.journal) == 1
"""


@pytest.mark.parametrize("root", [False, True])
@pytest.mark.parametrize("flags", [(), pytest.param(("-n", "1", "--diarization-shared"), marks=pytest.mark.slow)])
def test_the_fake_takes_a_certificate_and_origins(
    pytester: pytest.Pytester, flags: tuple[str, ...], *, root: bool
) -> None:
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    issued = authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA)
    authority.cert_pem.write_to_path(str(pytester.path / "issuer.pem"))
    issued.private_key_and_cert_chain_pem.write_to_path(str(pytester.path / "pair.pem"))
    pytester.makeini(
        "[pytest]\ndiarization_tls = pair.pem\ndiarization_cors_origins =\n  http://localhost:3000\n  http://localhost:4000\n"
        f"diarization_root = {root}\n"
    )
    pytester.makepyfile(OUTSIDE.format(issuer=str(pytester.path / "issuer.pem")))
    trust = ("--diarization-cacert", "issuer.pem")
    pytester.runpytest_inprocess(*flags, *trust).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("setting", "flags", "said"),
    [
        ("diarization_tls = gone.pem gone.key", (), "diarization_tls: *gone.pem and *gone.key, got: *No such file*"),
        ("diarization_tls = test_two.py", (), "diarization_tls: expected a certificate and its key, both in PEM, in *test_two.py, got: *"),
        ("", ("--diarization-cacert", "gone.pem"), "--diarization-cacert: there is no file gone.pem"),
        ("", ("--diarization-as", "gone.yaml"), "--diarization-as: there is no file gone.yaml"),
        ("", ("--diarization-as", "test_two.py"), "--diarization-as: test_two.py:1:1: *"),
    ],
)  # fmt: skip
def test_a_file_that_can_not_be_used_is_named_once_with_its_setting(
    pytester: pytest.Pytester, setting: str, flags: tuple[str, ...], said: str
) -> None:
    pytester.makeini(f"[pytest]\n{setting}\n")
    pytester.makepyfile(test_two="def test_a(diarization_server): pass\ndef test_b(diarization_server): pass\n")
    ran = pytester.runpytest_inprocess(*flags)
    assert ran.ret is pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines([f"ERROR: {said}"])
    assert len(ran.stderr.lines) <= 4
