"""The whole way by TLS and by a proxy, as a user types it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from contract_servers.fake import Fake
from contract_servers.forward_proxy import forward
from contract_servers.listening import listen
from contract_servers.secure import Certificates, serve_secure

from diarkit_contracts.commands.verify import verify
from diarkit_contracts.target import transport as http_transport
from diarkit_mockserver.scenario.model import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "platform.example"
PROXY_NAMES = tuple(
    name for lower in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") for name in (lower, lower.upper())
)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loaded computer may take long to let a server begin."""
    monkeypatch.setattr(http_transport, "CONNECT_S", 60.0)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority of our own, and what it issues."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secure_url(certificates: Certificates) -> Iterator[str]:
    """The fake with TLS."""
    with serve_secure(certificates.issue("127.0.0.1", NAME)) as url:
        yield url


@pytest.fixture(scope="module")
def plain_url() -> Iterator[str]:
    """The fake without TLS."""
    with listen(Fake(Scenario(course="immediate"))) as url:
        yield url


def run(*arguments: object, **environment: str) -> Any:
    """Run `verify` in an environment without other proxies."""
    return CliRunner().invoke(verify, [*map(str, arguments)], env={**dict.fromkeys(PROXY_NAMES), **environment})


def test_a_server_with_tls_passes_with_its_issuer(certificates: Certificates, secure_url: str) -> None:
    ended = run(secure_url, "--cacert", certificates.issuer)
    assert ended.exit_code == 0, ended.output
    assert "no findings" in ended.stdout


def test_without_its_issuer_it_ends_with_4_and_says_what_to_do(secure_url: str) -> None:
    ended = run(secure_url)
    assert ended.exit_code == 4
    assert ended.stdout.splitlines()[0].startswith(f"{secure_url} does not answer: its certificate is not trusted (")
    assert "with --cacert FILE, or trust any with --insecure" in ended.stdout


def test_any_certificate_is_taken_if_that_is_asked_for(secure_url: str) -> None:
    assert run(secure_url, "--insecure", "--tier", "probe").exit_code == 0


def test_a_client_shows_its_certificate(certificates: Certificates) -> None:
    chain, key = certificates.issue_in_two("client.example")
    with serve_secure(certificates.issue("127.0.0.1"), certificates.issuer) as url:
        arguments = (url, "--tier", "probe", "--cacert", certificates.issuer)
        assert run(*arguments, "--cert", chain, "--key", key).exit_code == 0
        refused = run(*arguments)
    assert refused.exit_code == 4
    assert "--cert FILE --key FILE" in refused.stdout


@pytest.mark.parametrize("named", [True, False])
def test_a_server_elsewhere_is_asked_through_the_proxy(plain_url: str, *, named: bool) -> None:
    with forward(plain_url) as proxy:
        how = () if not named else ("--proxy", proxy.url)
        ended = run(f"http://{NAME}", "--tier", "probe", "--pace", 0, *how, HTTP_PROXY="" if named else proxy.url)
        assert ended.exit_code == 0, ended.output
        assert proxy.asked
        assert {asked.split()[1].startswith(f"http://{NAME}/api/") for asked in proxy.asked} == {True}


def test_with_tls_the_proxy_is_asked_for_one_tunnel(certificates: Certificates, secure_url: str) -> None:
    port = secure_url.rpartition(":")[2]
    with forward(secure_url) as proxy:
        ended = run(
            f"https://{NAME}:{port}",
            "--tier",
            "probe",
            "--pace",
            0,
            "--cacert",
            certificates.issuer,
            HTTPS_PROXY=proxy.url,
        )
        assert ended.exit_code == 0, ended.output
        assert proxy.asked == [f"CONNECT {NAME}:{port}"]


def test_this_computer_is_not_asked_through_the_proxy_of_the_environment(plain_url: str) -> None:
    with forward(plain_url) as proxy:
        assert run(plain_url, "--tier", "probe", HTTP_PROXY=proxy.url, ALL_PROXY=proxy.url).exit_code == 0
        assert proxy.asked == []
        assert run(plain_url, "--tier", "probe", "--proxy", proxy.url).exit_code == 0
        assert len(proxy.asked) > 1


def test_a_proxy_that_wants_a_password_ends_with_4_and_says_what_to_do(plain_url: str) -> None:
    with forward(plain_url, user="me:pass-word") as proxy:
        ended = run(f"http://{NAME}", "--proxy", proxy.url.replace("http://", "http://me:wrong-word@"))
    assert ended.exit_code == 4
    assert "the proxy requires valid credentials: --proxy http://USER:PASSWORD@HOST:PORT" in ended.stdout
    assert "wrong-word" not in ended.output
