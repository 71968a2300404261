"""`diarkit health`: whether a platform answers at a URL, and if not, why. Lightweight, as containers run it every few seconds."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from typing import Any, Final

TIMEOUT_S = 5.0

ANY_CERTIFICATE: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ANY_CERTIFICATE.check_hostname = False
ANY_CERTIFICATE.verify_mode = ssl.CERT_NONE
"""Certificates are not verified, as nothing secret is sent and no answer is trusted."""

DIRECT: Final = urllib.request.build_opener(
    urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=ANY_CERTIFICATE)
)
"""Without proxies: in a container, `http_proxy` would lead away from the server."""

LONGEST: Final = 10_000
"""Bytes read of an answer."""


def complete_url(text: str) -> str:
    """Complete a URL that may be only host and port."""
    return (text if "://" in text else f"http://{text}").rstrip("/")


def explain_health(url: str) -> str | None:
    """Request the platform's status operation; return what is wrong, or None."""
    try:
        status, kind, _ = _ask(f"{url}/api/system/status")
    except (OSError, ValueError, http.client.HTTPException) as error:
        return _explain(getattr(error, "reason", error))
    if status == http.HTTPStatus.OK and kind != "text/html":
        return None
    came = f"{status} {kind}".rstrip()
    return f"diarkit answers, but is not ready: {came}" if _is_ours(url) else f"another server answers: {came}"


def _explain(error: object) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {TIMEOUT_S:g} s"
    if isinstance(error, ssl.SSLError):
        return "another server answers: no TLS"
    if isinstance(error, (http.client.HTTPException, ConnectionResetError)):
        return f"another server answers: no HTTP ({type(error).__name__})"
    return f"no answer: {getattr(error, 'strerror', None) or error}"


def _ask(url: str) -> tuple[int, str, bytes]:
    try:
        with DIRECT.open(url, timeout=TIMEOUT_S) as response:
            return response.status, _find_kind(response), response.read(LONGEST)
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, _find_kind(answer), answer.read(LONGEST)


def _find_kind(answer: http.client.HTTPResponse | urllib.error.HTTPError) -> str:
    return str(answer.headers.get_content_type()) if "content-type" in answer.headers else ""


def _is_ours(url: str) -> bool:
    """Return whether the control API answers; a refusal is sufficient."""
    try:
        _, _, body = _ask(f"{url.partition('/worlds/')[0]}/__diarkit/v1/ready")
        answer: Any = json.loads(body)
    except (OSError, ValueError, http.client.HTTPException):
        return False
    return isinstance(answer, dict) and ("nonce" in answer or "urn:diarkit:" in str(answer))  # pyright: ignore[reportUnknownArgumentType]
