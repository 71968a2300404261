"""Why there was no answer, or can be none, in words that say what to do: made from the HTTP client's exceptions. Sends nothing."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Final

from diarkit_contracts.api.error import ContractsError
from diarkit_contracts.exchanges.exchange import Loss

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class BadConnectionError(ContractsError, ValueError):
    """A server can't be reached in the way that was asked for.

    Attributes:
        origin: the flag or the variable that asks for it.
        reason: what was expected, and what came.
    """

    def __init__(self, origin: str, reason: str) -> None:
        self.origin = origin
        self.reason = reason
        super().__init__(f"{origin}: {reason}")


PROXY_REFUSES: Final = "the proxy asks for a user and a password that it knows: --proxy http://USER:PASSWORD@HOST:PORT"

TRY_TLS: Final = "try https://"
SHOW_CERTIFICATE: Final = "show it a certificate with --cert FILE --key FILE, if it wants one"

EXPIRED: Final = 10
WRONG_NAME: Final = (62, 64)
"""OpenSSL's codes for a certificate whose time is over, and for a host name and an address that it does not have."""

TLS_REASONS: Final[Mapping[str, str]] = {
    "WRONG_VERSION_NUMBER": "it does not speak TLS: try http:// instead of https://",
    "RECORD_LAYER_FAILURE": "it does not speak TLS: try http:// instead of https://",
    "HTTP_REQUEST": "it does not speak TLS: try http:// instead of https://",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it wants a certificate of the client: name one with --cert FILE --key FILE",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "it ended the TLS handshake: it may want a certificate of the client (--cert FILE --key FILE)",
    "TLSV1_ALERT_UNKNOWN_CA": "it does not trust the client's certificate: name another with --cert FILE --key FILE",
    "SSLV3_ALERT_BAD_CERTIFICATE": "it does not take the client's certificate: name another with --cert FILE --key FILE",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the client's certificate has expired: name another with --cert FILE --key FILE",
}
"""OpenSSL's reasons, in words."""

KINDS: Final[Mapping[str, str]] = {
    "ConnectTimeout": "no connection came about in {connect_s:g} s: look at the host and the port, and at firewalls between",
    "ReadTimeout": "it is connected and said nothing for {answer_s:g} s",
    "WriteTimeout": "it is connected and took nothing for {answer_s:g} s",
    "RemoteProtocolError": "what came is no HTTP, or it broke off ({told}): look at the port, or {hint}",
    "ProxyError": "the proxy refuses ({told})",
    "DecodingError": "the body is not in the encoding that its Content-Encoding tells ({told})",
    "InvalidURL": "the URL is none ({told})",
}
"""The client's exceptions by their names, in words."""


def explain_failure(error: Exception, url: str, *, proxy: str = "", connect_s: float, answer_s: float) -> str:
    """Explain why there was no answer.

    Args:
        error: that the client raised.
        url: that was asked.
        proxy: that led to it, without secrets; empty for none.
        connect_s: that a connection was waited for.
        answer_s: that an answer was waited for.
    """
    said = _explain_cause(error, proxy) or _explain_kind(error, url, connect_s, answer_s)
    return f"{said}; asked through the proxy {proxy}" if proxy and proxy not in said else said


def find_loss(error: Exception, *, has_head: bool, has_length: bool) -> Loss:
    """Find how an answer was lost.

    Args:
        error: that the client raised.
        has_head: the head of the answer was there.
        has_length: and it has a Content-Length.
    """
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
            # The parser's own error is behind that on bytes which are no HTTP, and none behind that on no bytes at all.
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
                told = TLS_REASONS.get(cause.reason or "")
                return f"{told} ({cause.reason})" if told else f"TLS failed ({cause})"
            case ConnectionRefusedError():
                return f"nobody listens at {'its port' if not proxy else whom}: is the server running, and is that its port? ({cause.strerror})"
            case socket.gaierror():
                return f"there is no host with the name of {whom} ({cause.strerror})"
            case _:
                pass
    return ""


def _explain_certificate(error: ssl.SSLCertVerificationError) -> str:
    told = error.verify_message.rstrip(".")
    if error.verify_code in WRONG_NAME:
        return f"its certificate is for another name ({told}): use a URL with a name that it has, or --insecure"
    if error.verify_code == EXPIRED:
        return f"its certificate is too old ({told}): have it renewed, look at this computer's date, or trust any with --insecure"
    return f"its certificate is not trusted ({told}): name the certificate of its issuer with --cacert FILE, or trust any with --insecure"


def _explain_kind(error: Exception, url: str, connect_s: float, answer_s: float) -> str:
    kind = type(error).__name__
    hint = TRY_TLS if url.startswith("http://") else SHOW_CERTIFICATE
    said = KINDS.get(kind, kind + ": {told}")
    return said.format(connect_s=connect_s, answer_s=answer_s, told=str(error).rstrip("."), hint=hint)


def _list_causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
