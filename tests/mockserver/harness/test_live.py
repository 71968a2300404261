from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from diarkit_mockserver.harness.fake import Fake
from diarkit_mockserver.harness.live import LiveServer, UnavailableError, find_fault
from diarkit_mockserver.harness.server import DiarizationServer
from diarkit_mockserver.serving.front import Front, make_tls

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://live:8000"
NAMES = sorted(
    name for name in vars(DiarizationServer) if not name.startswith("_") and name not in {"close", "endpoint"}
)


@pytest.mark.parametrize("name", NAMES)
def test_whatever_only_the_fake_can_is_refused_with_the_url(name: str) -> None:
    live: Any = LiveServer(URL)
    with pytest.raises(UnavailableError, match=rf"^only the fake can [a-z ]+; the server under test is {URL}$"):
        getattr(live, name)(1, x=2)


@pytest.mark.parametrize("name", [*NAMES, "make_another"])
def test_each_refusal_says_what_it_refuses(name: str) -> None:
    member = inspect.getattr_static(LiveServer, name)
    assert (member.fget if isinstance(member, property) else member).__doc__.startswith(
        "Raise UnavailableError: only the fake can "
    )


def test_its_url_is_all_that_is_known() -> None:
    assert LiveServer(URL).endpoint == f"{URL}/api/technology/speaker-diarization"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("respond", "have its answers configured"),
        ("advance", "have its time moved"),
        ("freeze", "have its time stopped"),
        ("resume", "have its time stopped"),
        ("step", "have its tasks moved by hand"),
        ("submissions", "list its submissions"),
        ("polls", "list its polls"),
    ],
)
def test_what_is_refused_is_said_in_words(name: str, text: str) -> None:
    live: Any = LiveServer(URL)
    with pytest.raises(UnavailableError, match=f"^only the fake can {text}; "):
        getattr(live, name)("x")


def test_a_server_behind_tls_is_asked_with_the_certificates_that_are_trusted(tmp_path: Path) -> None:
    authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
    authority.cert_pem.write_to_path(str(tmp_path / "issuer.pem"))
    issued = authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA)
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "pair.pem"))
    fake = Fake(front=Front(tls=make_tls(tmp_path / "pair.pem", None)))
    try:
        assert find_fault(fake.url, tmp_path / "issuer.pem") is None
        assert "certificate" in str(find_fault(fake.url))
    finally:
        fake.stop()


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "platform", "ftp://platform", "file:///etc/hostname"])
def test_what_is_no_url_of_a_server_is_not_asked(url: str) -> None:
    assert find_fault(url) == "expected a URL such as http://127.0.0.1:8000"
