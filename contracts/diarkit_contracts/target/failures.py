"""Explain exceptions of the HTTP client, with advice."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Final

from diarkit_contracts.api.error import ContractsError
from diarkit_contracts.exchanges.exchange import Loss


class BadConnectionError(ContractsError, ValueError):
    """The connection settings of a flag or environment variable, the origin, are invalid."""

    def __init__(self, origin: str, reason: str) -> None:
        self.origin = origin
        self.reason = reason
        super().__init__(f"{origin}: {reason}")


PROXY_REFUSES: Final = "the proxy requires valid credentials: --proxy http://USER:PASSWORD@HOST:PORT"

TRY_TLS: Final = "try https://"
SHOW_CERTIFICATE: Final = "pass a client certificate with --cert FILE --key FILE, if required"

EXPIRED: Final = 10
WRONG_NAME: Final = (62, 64)
"""OpenSSL's codes for an expired certificate, and for a host name and an address that do not match."""

TLS_REASONS: Final[Mapping[str, str]] = {
    "WRONG_VERSION_NUMBER": "it does not speak TLS: try http:// instead of https://",
    "RECORD_LAYER_FAILURE": "it does not speak TLS: try http:// instead of https://",
    "HTTP_REQUEST": "it does not speak TLS: try http:// instead of https://",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it requires a client certificate: pass one with --cert FILE --key FILE",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "it ended the TLS handshake: it may require a client certificate (--cert FILE --key FILE)",
    "TLSV1_ALERT_UNKNOWN_CA": "it does not trust the client certificate: pass another with --cert FILE --key FILE",
    "SSLV3_ALERT_BAD_CERTIFICATE": "it does not accept the client certificate: pass another with --cert FILE --key FILE",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the client certificate has expired: pass another with --cert FILE --key FILE",
}
"""Explanations of OpenSSL's reasons."""

KINDS: Final[Mapping[str, str]] = {
    "ConnectTimeout": "no connection within {connect_s:g} s: check the host, the port, and firewalls",
    "ReadTimeout": "it is connected but sent nothing for {answer_s:g} s",
    "WriteTimeout": "it is connected but accepted no data for {answer_s:g} s",
    "RemoteProtocolError": "the answer is not HTTP, or incomplete ({detail}): check the port, or {hint}",
    "ProxyError": "the proxy refuses ({detail})",
    "DecodingError": "the body does not match its Content-Encoding ({detail})",
    "InvalidURL": "the URL is invalid ({detail})",
}
"""Explanations of the client's exceptions by name."""


def explain_failure(error: Exception, url: str, *, proxy: str = "", connect_s: float, answer_s: float) -> str:
    """Explain why there was no answer."""
    text = _explain_cause(error, proxy) or _explain_kind(error, url, connect_s, answer_s)
    return f"{text}; through the proxy {proxy}" if proxy and proxy not in text else text


def find_loss(error: Exception, *, has_head: bool, has_length: bool) -> Loss:
    """Classify how an answer was lost."""
    match type(error).__name__:
        case "ReadTimeout" | "WriteTimeout":
            return Loss.TOO_SLOW
        case "DecodingError":
            return Loss.BADLY_CODED
        case "ReadError" | "WriteError":
            return Loss.AFTER_HEAD if has_head else Loss.BEFORE_HEAD
        case "RemoteProtocolError" if has_head:
            return Loss.CUT if has_length else Loss.BADLY_FRAMED
        case "RemoteProtocolError":
            # The cause is a parser error if bytes are not HTTP, and None if there are no bytes at all.
            is_parsed = any(type(cause).__module__.startswith("h11.") for cause in _list_causes(error))
            return Loss.BADLY_FRAMED if is_parsed else Loss.BEFORE_HEAD
        case _:
            return Loss.REFUSED


def _explain_cause(error: Exception, proxy: str) -> str:
    whom = f"the proxy {proxy}" if proxy else "the URL"
    for cause in _list_causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return _explain_certificate(cause)
            case ssl.SSLError():
                detail = TLS_REASONS.get(cause.reason or "")
                return f"{detail} ({cause.reason})" if detail else f"TLS failed ({cause})"
            case ConnectionRefusedError():
                return f"connection refused by {'its port' if not proxy else whom}: is the server running, and is the port right? ({cause.strerror})"
            case socket.gaierror():
                return f"unknown host in {whom} ({cause.strerror})"
            case _:
                pass
    return ""


def _explain_certificate(error: ssl.SSLCertVerificationError) -> str:
    detail = error.verify_message.rstrip(".")
    if error.verify_code in WRONG_NAME:
        return f"its certificate is for another name ({detail}): use a URL with a matching name, or --insecure"
    if error.verify_code == EXPIRED:
        return f"its certificate has expired ({detail}): renew it, check this computer's date, or trust any with --insecure"
    return f"its certificate is not trusted ({detail}): pass its issuer's certificate with --cacert FILE, or trust any with --insecure"


def _explain_kind(error: Exception, url: str, connect_s: float, answer_s: float) -> str:
    kind = type(error).__name__
    hint = TRY_TLS if url.startswith("http://") else SHOW_CERTIFICATE
    text = KINDS.get(kind, kind + ": {detail}")
    return text.format(connect_s=connect_s, answer_s=answer_s, detail=str(error).rstrip("."), hint=hint)


def _list_causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
