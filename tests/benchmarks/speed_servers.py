"""Says how each server of the speed benchmark is started, what it is asked, and what it does for it; measures nothing.

All stubs answer what the fake has answered to the same upload. Settings are the fastest that a server's own pages name: no log of
requests, no journal, no compression; otherwise as it comes.

Longer than other files, as each server that ours is measured against stands here.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from speed_programs import FASTAPI, MOTO, PYTEST_HTTPSERVER
from speed_requests import ENDPOINT, NUMBER, POLL, TASK_ID, Request

from diarkit_contracts.api.document import DOCUMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Exchanges:
    """The work: two uploads, and what the fake answered to the larger one."""

    small: Request
    large: Request
    accepted: str
    done: str


@dataclass(frozen=True, slots=True)
class Server:
    """One server, ready to be started."""

    name: str
    version: str
    does: str
    """What it does to answer, for the reader of the table."""

    command: tuple[str, ...]
    """`@PORT@` and `@OTHER@` stand for free ports, here and in the files."""

    small: Request
    large: Request
    poll: Request | None
    """None: where the X-Location of the larger upload leads."""

    files: Mapping[str, str] = field(default_factory=dict)
    before: tuple[Request, ...] = ()
    """Sent once, before all."""


def describe_fake(small: Request, large: Request, compiled: Path) -> Server:
    """Describe ours, as it is installed for this Python.

    The bound on storage is off: a press of large uploads can meet it within the second, and a refusal costs less.

    Args:
        small: an upload.
        large: an upload.
        compiled: folder for what the first start compiles: pip leaves peers compiled, but no editable installation.
    """
    return Server(
        name="diarkit",
        version=version("diarkit"),
        does="keeps a task for each upload, reads and hashes the file, draws a conversation of its length",
        command=(
            *(sys.executable, "-X", f"pycache_prefix={compiled}"),
            *("-c", "from diarkit_mockserver.commands.main import main; main()"),
            *("serve", "--port", "@PORT@", "--log-level", "error", "--storage-bytes", str(10**15)),
        ),
        small=small,
        large=large,
        poll=None,
    )


def describe_fastapi(folder: Path, work: Exchanges) -> Server:
    """Describe a server written as FastAPI's own pages teach it; forms come with python-multipart."""
    python = folder / "bin/python"
    return Server(
        name="FastAPI",
        version=read_python_version(python, "fastapi"),
        does="keeps a task for each upload, hashes the file, answers a prepared result through its models",
        command=(str(python), "server.py"),
        small=work.small,
        large=work.large,
        poll=None,
        files={"server.py": FASTAPI, "done.json": work.done},
    )


def describe_prism(folder: Path, work: Exchanges) -> Server:
    """Describe Prism with our contract document."""
    return Server(
        name="Prism",
        version=read_node_version(folder, "@stoplight/prism-cli"),
        does="checks the request with the contract document, answers its example",
        command=(
            *(str(folder / "node_modules/.bin/prism"), "mock", "--verboseLevel", "silent"),
            *("--host", "127.0.0.1", "--port", "@PORT@", str(DOCUMENT)),
        ),
        small=work.small,
        large=work.large,
        poll=replace(POLL, headers=(("Prefer", "code=200, example=done"),)),
    )


def describe_mockoon(folder: Path, work: Exchanges) -> Server:
    """Describe Mockoon with two routes."""

    def route(identity: str, method: str, path: str, status: int, body: str) -> dict[str, object]:
        answer = {"uuid": f"{identity}-answer", "body": body, "statusCode": status, "default": True}
        answer |= {
            "headers": [{"key": name, "value": value} for name, value in JSON.items()],
            "disableTemplating": True,
        }
        place = {"uuid": identity, "type": "http", "method": method, "endpoint": path.lstrip("/")}
        return place | {"responses": [answer], "responseMode": None}

    environment = {
        "uuid": "speed",
        "lastMigration": 33,
        "name": "speed",
        "port": 0,
        "hostname": "127.0.0.1",
        "folders": [],
        "routes": [
            route("poll", "get", f"{ENDPOINT}/:task", 200, work.done),
            route("start", "post", ENDPOINT, 202, work.accepted),
        ],
        "rootChildren": [{"type": "route", "uuid": "poll"}, {"type": "route", "uuid": "start"}],
    }
    return Server(
        name="Mockoon",
        version=read_node_version(folder, "@mockoon/cli"),
        does="reads the upload into memory, answers a text",
        command=(
            *(str(folder / "node_modules/.bin/mockoon-cli"), "start", "--data", "speed.json", "--repair"),
            *("--port", "@PORT@", "--hostname", "127.0.0.1"),
            *("--disable-log-to-file", "--disable-admin-api", "--max-transaction-logs", "1"),
        ),
        small=work.small,
        large=work.large,
        poll=POLL,
        files={"speed.json": json.dumps(environment)},
    )


def describe_json_server(folder: Path, work: Exchanges) -> Server:
    """Describe json-server with the task as a row of its database."""
    return Server(
        name="json-server",
        version=read_node_version(folder, "json-server"),
        does="looks the row up; leaves the upload unread, adds an empty row, writes the database to disk",
        command=(
            *(str(folder / "node_modules/.bin/json-server"), "--quiet", "--no-gzip", "--no-cors"),
            *("--host", "127.0.0.1", "--port", "@PORT@", "--routes", "routes.json", "db.json"),
        ),
        small=work.small,
        large=work.large,
        poll=POLL,
        files={
            "db.json": json.dumps({"tasks": [{"id": TASK_ID, **json.loads(work.done)}]}),
            "routes.json": json.dumps({f"{ENDPOINT}/:id": "/tasks/:id", ENDPOINT: "/tasks"}),
        },
    )


def describe_mountebank(folder: Path, work: Exchanges) -> Server:
    """Describe mountebank with one imposter and two stubs."""

    def stub(method: str, path: str, status: int, body: str) -> dict[str, object]:
        answer = {"statusCode": status, "headers": JSON, "body": body}
        return {"predicates": [{"equals": {"method": method, "path": path}}], "responses": [{"is": answer}]}

    stubs = [stub("GET", POLL.path, 200, work.done), stub("POST", ENDPOINT, 202, work.accepted)]
    imposter = {"port": "@PORT@", "protocol": "http", "host": "127.0.0.1", "stubs": stubs}
    return Server(
        name="mountebank",
        version=read_node_version(folder, "mountebank"),
        does="reads the upload as text, matches path and method, answers a text",
        command=(
            *(str(folder / "node_modules/.bin/mb"), "start", "--host", "127.0.0.1", "--port", "@OTHER@"),
            *("--localOnly", "--nologfile", "--loglevel", "error", "--noParse", "--configfile", "speed.json"),
        ),
        small=work.small,
        large=work.large,
        poll=POLL,
        files={"speed.json": json.dumps({"imposters": [imposter]}).replace('"@PORT@"', "@PORT@")},
    )


def describe_pytest_httpserver(folder: Path, work: Exchanges) -> Server:
    """Describe pytest-httpserver with two handlers."""
    python = folder / "bin/python"
    return Server(
        name="pytest-httpserver",
        version=read_python_version(python, "pytest-httpserver"),
        does="reads the upload into memory and keeps it in its log, answers a text; closes each connection",
        command=(str(python), "server.py"),
        small=work.small,
        large=work.large,
        poll=POLL,
        files={"server.py": PYTEST_HTTPSERVER, "done.json": work.done, "accepted.json": work.accepted},
    )


def describe_moto(folder: Path, work: Exchanges) -> Server:
    """Describe moto's server: a job of its Transcribe is polled, files go to its S3, as a client of AWS does.

    Each upload has a name of its own: one that is still being written over is answered with 500.
    """
    python = folder / "bin/python"

    def sign(service: str) -> tuple[str, str]:
        scope = f"Credential=a/20260101/us-east-1/{service}/aws4_request"
        return ("Authorization", f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0")

    def call(operation: str, **values: object) -> Request:
        kind = ("Content-Type", "application/x-amz-json-1.1")
        target = ("X-Amz-Target", f"Transcribe.{operation}")
        return Request("POST", "/", (kind, target, sign("transcribe")), json.dumps(values).encode())

    def put(path: str, body: bytes = b"") -> Request:
        return Request("PUT", path, (sign("s3"),), body)

    asked = {"LanguageCode": "en-US", "Media": {"MediaFileUri": "s3://calls/call.wav"}}
    return Server(
        name="moto",
        version=read_python_version(python, "moto"),
        does="another API: GET is its GetTranscriptionJob (POST of JSON), uploads are PUT to its S3",
        command=(str(python), "server.py"),
        small=put(f"/calls/{NUMBER}", work.small.body),
        large=put(f"/calls/{NUMBER}", work.large.body),
        poll=call("GetTranscriptionJob", TranscriptionJobName=TASK_ID),
        files={"server.py": MOTO},
        before=(put("/calls"), call("StartTranscriptionJob", TranscriptionJobName=TASK_ID, **asked)),
    )


def describe_wiremock(folder: Path, work: Exchanges) -> Server:
    """Describe WireMock with two mappings; the package brings the jar, Java is the machine's."""
    (jar,) = (folder / "node_modules/wiremock/build").glob("wiremock-standalone-*.jar")

    def mapping(method: str, path: str, status: int, body: str) -> str:
        answer = {"status": status, "headers": JSON, "body": body}
        return json.dumps({"request": {"method": method, "urlPath": path}, "response": answer})

    return Server(
        name="WireMock",
        version=read_node_version(folder, "wiremock"),
        does="reads the upload into memory, matches path and method, answers a text; on all cores",
        command=(
            *(shutil.which("java") or "java", "-jar", str(jar), "--port", "@PORT@", "--bind-address", "127.0.0.1"),
            *("--no-request-journal", "--disable-request-logging", "--disable-response-templating"),
            *("--disable-gzip", "--disable-banner", "--root-dir", "."),
        ),
        small=work.small,
        large=work.large,
        poll=POLL,
        files={
            "mappings/poll.json": mapping("GET", POLL.path, 200, work.done),
            "mappings/start.json": mapping("POST", ENDPOINT, 202, work.accepted),
        },
    )


NGINX = """
daemon off; master_process off; pid nginx.pid; error_log stderr crit;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000; client_max_body_size 0; default_type application/json;
  client_body_temp_path .; proxy_temp_path .; fastcgi_temp_path .; uwsgi_temp_path .; scgi_temp_path .;
  server {{
    listen 127.0.0.1:@PORT@ backlog=2048;
    location = {endpoint} {{ return 202 '{accepted}'; }}
    location = {poll} {{ root .; open_file_cache max=10; try_files /done.json =404; }}
  }}
}}
"""


def describe_nginx(_folder: Path, work: Exchanges) -> Server:
    """Describe nginx with one worker: a file from the cache, and a text."""
    said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr
    return Server(
        name="nginx",
        version=said.rpartition("/")[2].strip(),
        does="sends a file; leaves the upload unread, answers a text",
        command=("nginx", "-p", ".", "-c", "nginx.conf"),
        small=work.small,
        large=work.large,
        poll=POLL,
        files={
            "nginx.conf": NGINX.format(endpoint=ENDPOINT, poll=POLL.path, accepted=work.accepted),
            "done.json": work.done,
        },
    )


PEERS: dict[str, Callable[[Path, Exchanges], Server]] = {
    "nginx": describe_nginx,
    "fastapi": describe_fastapi,
    "prism": describe_prism,
    "mockoon": describe_mockoon,
    "json-server": describe_json_server,
    "mountebank": describe_mountebank,
    "wiremock": describe_wiremock,
    "pytest-httpserver": describe_pytest_httpserver,
    "moto": describe_moto,
}
"""By the name of the folder it is installed in; nginx is the machine's."""


def read_node_version(folder: Path, package: str) -> str:
    """Read what npm has installed."""
    return str(json.loads((folder / "node_modules" / package / "package.json").read_text())["version"])


def read_python_version(python: Path, package: str) -> str:
    """Ask an environment what pip has installed."""
    program = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
