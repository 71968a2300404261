"""The content codings of an answer taken off, each step within a bound. Knows no connection.

A few hundred bytes can be gigabytes in the second step: a client that decodes all steps at once ends in a MemoryError.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from diarkit_contracts.api.error import ContractsError
from diarkit_contracts.exchanges.exchange import Loss

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diarkit_contracts.exchanges.exchange import Headers

ACCEPTED: Final = "gzip, deflate"
"""What is asked for, and what can be taken off."""

MOST_CODINGS: Final = 4
"""RFC 9110, 8.4: any number in a row is right; nobody needs two."""

GZIP, ZLIB, RAW = 31, 15, -15
"""`wbits` of zlib for the three forms."""


class CodingError(ContractsError):
    """A body is not in its Content-Encoding, or too large without it."""

    def __init__(self, loss: Loss, reason: str) -> None:
        self.loss = loss
        super().__init__(reason)


def decode_body(body: bytes, headers: Headers, most: int) -> bytes:
    """Take the content codings off a body.

    Args:
        body: as it came.
        headers: of the answer.
        most: bytes that each step may give.

    Raises:
        CodingError: the body is not in the coding that its headers name, or larger than that without it.
    """
    codings = list(_list_codings(headers))
    if len(codings) > MOST_CODINGS:
        raise CodingError(Loss.BADLY_CODED, f"the body has {len(codings)} content codings, one on the other")
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
        raise CodingError(Loss.BADLY_CODED, f"its Content-Encoding is {coding!r:.60}, and asked for was {ACCEPTED}")
    failure: zlib.error | None = None
    for form in forms:
        try:
            return _inflate(body, form, most)
        except zlib.error as error:
            failure = error
    raise CodingError(Loss.BADLY_CODED, f"the body is not in the encoding that its Content-Encoding tells ({failure})")


def _inflate(body: bytes, form: int, most: int) -> bytes:
    """Inflate all members of a body; RFC 1952, 2.2: a file of gzip may have several."""
    told = b""
    while body:
        inflater = zlib.decompressobj(form)
        told += inflater.decompress(body, most + 1 - len(told))
        if len(told) > most:
            raise CodingError(Loss.TOO_LARGE, f"the answer is larger than {most} bytes without its Content-Encoding")
        if not inflater.eof:
            raise zlib.error("it is cut")
        body = inflater.unused_data if form == GZIP else b""
    return told
