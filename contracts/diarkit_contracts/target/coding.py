"""Decode the content codings of an answer, each step within a size limit.

A few hundred bytes can expand to gigabytes in the second step, which exhausts the memory of naive clients.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from diarkit_contracts.api.error import ContractsError
from diarkit_contracts.exchanges.exchange import Headers, Loss

ACCEPTED: Final = "gzip, deflate"
"""Requested and supported codings."""

MOST_CODINGS: Final = 4
"""RFC 9110, 8.4 allows any number; nobody needs two."""

GZIP, ZLIB, RAW = 31, 15, -15
"""`wbits` of zlib for the three forms."""


class CodingError(ContractsError):
    """A body does not match its Content-Encoding, or is too large when decoded."""

    def __init__(self, loss: Loss, reason: str) -> None:
        self.loss = loss
        super().__init__(reason)


def decode_body(body: bytes, headers: Headers, most: int) -> bytes:
    """Decode the content codings of a body, each step to at most so many bytes, or raise CodingError."""
    codings = list(_list_codings(headers))
    if len(codings) > MOST_CODINGS:
        raise CodingError(Loss.BADLY_CODED, f"the body has {len(codings)} nested content codings")
    for coding in reversed(codings if body else []):
        body = _decode(body, coding, most)
    return body


def _list_codings(headers: Headers) -> Iterator[str]:
    for name, value in headers:
        if name.lower() == "content-encoding":
            yield from (coding for each in value.split(",") if (coding := each.strip().lower()) not in {"", "identity"})


def _decode(body: bytes, coding: str, most: int) -> bytes:
    forms = {"gzip": (GZIP,), "x-gzip": (GZIP,), "deflate": (ZLIB, RAW)}.get(coding)
    if forms is None:
        raise CodingError(Loss.BADLY_CODED, f"its Content-Encoding is {coding!r:.60}, but {ACCEPTED} was requested")
    failure: zlib.error | None = None
    for form in forms:
        try:
            return _inflate(body, form, most)
        except zlib.error as error:
            failure = error
    raise CodingError(Loss.BADLY_CODED, f"the body does not match its Content-Encoding ({failure})")


def _inflate(body: bytes, form: int, most: int) -> bytes:
    """Inflate all members of a body; gzip may have several (RFC 1952, 2.2)."""
    decoded = b""
    while body:
        inflater = zlib.decompressobj(form)
        decoded += inflater.decompress(body, most + 1 - len(decoded))
        if len(decoded) > most:
            raise CodingError(Loss.TOO_LARGE, f"the decoded answer is larger than {most} bytes")
        if not inflater.eof:
            raise zlib.error("it is truncated")
        body = inflater.unused_data if form == GZIP else b""
    return decoded
