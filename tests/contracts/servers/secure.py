"""The fake behind TLS, with certificates that are made for the test. Judges nothing."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import trustme

from diarkit_mockserver.clock import Clock
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.serving.front import Front
from diarkit_mockserver.serving.server import ServerThread, bind
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificates:
    """Certificates in files: an issuer's, a server's, a client's.

    Attributes:
        folder: that the files are written to.
        authority: that issues them.
    """

    folder: Path
    authority: trustme.CA = field(default_factory=lambda: trustme.CA(key_type=trustme.KeyType.ECDSA))

    @property
    def issuer(self) -> Path:
        """The issuer's certificate."""
        return self._write("issuer.pem", self.authority.cert_pem)

    def issue(self, *names: str, **more: Any) -> Path:
        """Issue a certificate for names and addresses; its key is in the same file."""
        issued = self.authority.issue_cert(*names, key_type=trustme.KeyType.ECDSA, **more)
        return self._write(f"{names[0]}.pem", issued.private_key_and_cert_chain_pem)

    def issue_in_two(self, name: str) -> tuple[Path, Path]:
        """Issue a certificate whose key is in a file of its own: certificate, key."""
        issued = self.authority.issue_cert(name, key_type=trustme.KeyType.ECDSA)
        chain = self.folder / f"{name}-chain.pem"
        chain.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        return chain, self._write(f"{name}-key.pem", issued.private_key_pem)

    def _write(self, name: str, content: trustme.Blob) -> Path:
        path = self.folder / name
        path.write_bytes(content.bytes())
        return path


@contextmanager
def serve_secure(certificate: Path, client_issuer: Path | None = None, *, host: str = "127.0.0.1") -> Iterator[str]:
    """Let the fake listen on loopback with TLS; its tasks are done at once.

    Args:
        certificate: the server's, with its key.
        client_issuer: of the certificates that clients must show; None if they need none.
        host: that the given URL names.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=client_issuer)
    context.load_cert_chain(certificate)
    context.verify_mode = ssl.CERT_NONE if client_issuer is None else ssl.CERT_REQUIRED
    platform = Platform(World("", Scenario(course="immediate"), Clock(frozen=True)))
    thread = ServerThread(platform, bind("127.0.0.1", 0), Front(tls=context))
    try:
        yield thread.url.replace("https://127.0.0.1", f"https://{host}")
    finally:
        thread.stop()
