"""The fake behind a real nginx, set up in each way that its manual or a gateway's shows: what X-Location names leads back."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import httpx
import pytest
import trustme
import yaml

from diarkit_mockserver.clock import Clock
from diarkit_mockserver.intake.request import ENDPOINT
from diarkit_mockserver.scenario.model import Dialect, Scenario
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
PATIENCE_S = 30.0

pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx here: apt-get install nginx")

HOST = "proxy_set_header Host $http_host;"
PROTO = "proxy_set_header X-Forwarded-Proto $scheme;"
PREFIX = "proxy_set_header X-Forwarded-Prefix /speech;"

SETUPS: dict[str, tuple[str, str, str]] = {
    # name: scheme, path that clients use, directives; $fake and $relative are servers of ours, $inner is another proxy
    "host": ("http", "/", f"proxy_pass $fake; {HOST}"),
    "forwarded host": ("http", "/", "proxy_pass $fake; proxy_set_header X-Forwarded-Host $http_host;"),
    "forwarded host and port": (
        "http",
        "/",
        "proxy_pass $fake; proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-Port $server_port;",
    ),
    "TLS": ("https", "/", f"proxy_pass $fake; {HOST} {PROTO}"),
    "TLS by the older header": ("https", "/", f"proxy_pass $fake; {HOST} proxy_set_header X-Forwarded-Ssl on;"),
    "TLS, host and port": (
        "https",
        "/",
        "proxy_pass $fake; proxy_set_header Host $host; proxy_set_header X-Forwarded-Port $server_port;" + PROTO,
    ),
    "RFC 7239": (
        "https",
        "/",
        """proxy_pass $fake; proxy_set_header Forwarded 'for=$remote_addr;proto=$scheme;host="$http_host"';""",
    ),
    "RFC 7239, a list": (
        "https",
        "/",
        """proxy_pass $fake; proxy_set_header Forwarded 'for=unknown, for=_x;proto=$scheme;host="$http_host", host=inner';""",
    ),
    "prefix": ("http", "/speech/", f"proxy_pass $fake/; {HOST} {PREFIX}"),
    "prefix, relative": ("http", "/speech/", f"proxy_pass $relative/; {HOST} {PREFIX}"),
    "prefix and TLS": ("https", "/speech/", f"proxy_pass $fake/; {HOST} {PROTO} {PREFIX}"),
    "two proxies": (
        "https",
        "/speech/",
        f"proxy_pass $inner/; proxy_set_header X-Forwarded-Host $http_host; {PROTO} {PREFIX}",
    ),
}

CONFIGURATION = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log stderr warn;
events {{ }}
http {{
  access_log off; ssl_certificate {folder}/pair.pem; ssl_certificate_key {folder}/pair.pem;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{inner}; location / {{ proxy_pass {fake}; }} }}
{servers}
}}
"""


def find_ports(count: int) -> list[int]:
    """Find ports that are free now: nginx takes no 0."""
    with ExitStack() as stack:
        bound = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in bound:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in bound]


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, str], ssl.SSLContext]]:
    """One nginx with all set-ups: the URL of each that a client uses, and what a client trusts."""
    folder = tmp_path_factory.mktemp("nginx")
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA).private_key_and_cert_chain_pem.write_to_path(
        str(folder / "pair.pem")
    )
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    with ExitStack() as stack:
        names = {}
        for name, form in (("fake", "absolute"), ("relative", "relative")):
            scenario = Scenario(course="immediate", dialect=Dialect(x_location=form))
            thread = ServerThread(Platform(World("", scenario, Clock(frozen=True))), bind("127.0.0.1", 0))
            stack.callback(thread.stop)
            names[name] = thread.url
        inner, *ports = find_ports(len(SETUPS) + 1)
        names["inner"] = f"http://127.0.0.1:{inner}"
        process = stack.enter_context(run_nginx(folder, inner, ports, names))
        stack.callback(process.terminate)
        wait_for(process, ports)
        yield (
            {
                name: f"{scheme}://127.0.0.1:{port}{path.rstrip('/')}"
                for port, (name, (scheme, path, _)) in zip(ports, SETUPS.items(), strict=True)
            },
            trusted,
        )


def run_nginx(folder: Path, inner: int, ports: list[int], names: dict[str, str]) -> subprocess.Popen[bytes]:
    servers = []
    for port, (scheme, path, directives) in zip(ports, SETUPS.values(), strict=True):
        filled = re.sub(r"\$(fake|relative|inner)", lambda found: names[found[1]], directives)
        servers.append(
            f"  server {{ listen 127.0.0.1:{port}{' ssl' * (scheme == 'https')}; location {path} {{ {filled} }} }}"
        )
    file = folder / "nginx.conf"
    file.write_text(
        CONFIGURATION.format(folder=folder, inner=inner, fake=names["fake"], servers="\n".join(servers)), "utf-8"
    )
    return subprocess.Popen([str(NGINX), "-p", str(folder), "-c", str(file)], stderr=subprocess.DEVNULL)


def wait_for(process: subprocess.Popen[bytes], ports: list[int]) -> None:
    """Wait until the last port is listened on; nginx opens them in order."""
    clock = Clock()
    while clock.view().seconds < PATIENCE_S:
        assert process.poll() is None, "nginx ended"
        try:
            socket.create_connection(("127.0.0.1", ports[-1])).close()
        except ConnectionRefusedError:
            continue
        return
    pytest.fail("nginx does not listen")


@pytest.mark.parametrize("name", SETUPS)
def test_what_x_location_names_leads_back(urls: tuple[dict[str, str], ssl.SSLContext], name: str) -> None:
    url, trusted = urls[0][name], urls[1]
    with httpx.Client(verify=trusted, trust_env=False) as client:
        accepted = client.post(url + ENDPOINT, files={"file": ("call.wav", b"x")})
        location = accepted.headers["x-location"]
        path = ENDPOINT if "relative" not in name else "/speech" + ENDPOINT
        assert location.startswith(("" if "relative" in name else url) + path + "/")
        assert client.get(urljoin(url, location)).status_code == 200


@pytest.mark.parametrize("name", ["host", "prefix", "prefix and TLS", "two proxies"])
def test_the_documentation_works_behind_a_proxy(urls: tuple[dict[str, str], ssl.SSLContext], name: str) -> None:
    url, trusted = urls[0][name], urls[1]
    with httpx.Client(verify=trusted, trust_env=False) as client:
        for page in ("/docs", "/redoc", "/__diarkit/v1/docs"):
            text = client.get(url + page).text
            links = re.findall(r"""(?:src|href|spec-url)=["']([^"'#]+)|url:\s*'([^']+)'""", text)
            assert len(links) >= 2
            for link in ("".join(pair) for pair in links):
                assert client.get(urljoin(url, link)).status_code == 200, link
        document = client.get(url + "/openapi.json").json()
        assert document["servers"][0]["url"] == ("/" if name == "host" else "/speech")
        assert yaml.safe_load(client.get(url + "/openapi.yaml").text) == document
