"""Detect answers given by a proxy in place of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from diarkit_contracts.exchanges.exchange import Exchange

BARRED: Final = frozenset({401, 407})
"""UNK which credentials a proxy in front of the API requires; the API itself requires none (DOC by absence)."""

TOO_SLOW: Final = 408
"""UNK the answer to an upload that exceeds the server's timeout (limits page: it is rejected)."""

OF_A_PROXY: Final = frozenset({403, 413, 429})
"""INF: limits that a proxy may enforce before the API: address, size, rate."""

BY_REQUEST: Final[Mapping[int, str]] = {411: "Transfer-Encoding", 417: "Expect"}
"""Refusals that HTTP allows for a header of the request (RFC 9110, 10.1.1 and 15.5.12); UNK whether the API makes use of it."""

PAGE: Final = "text/html"


def list_barred(exchanges: Sequence[Exchange]) -> frozenset[int]:
    """Return the positions of answers from a proxy that denies access, at the beginning or the end. Others are the API's own."""
    let_in = [at for at, exchange in enumerate(exchanges) if exchange.answer.status not in BARRED]
    first, last = (let_in[0], let_in[-1]) if let_in else (len(exchanges), 0)
    return frozenset(
        at for at, exchange in enumerate(exchanges) if exchange.answer.status in BARRED and not first < at < last
    )


def refuses_header(exchange: Exchange) -> bool:
    """Return whether an answer refuses a header that the request has."""
    name = BY_REQUEST.get(exchange.answer.status)
    return name is not None and exchange.request.header(name) is not None


def is_of_proxy(exchange: Exchange) -> bool:
    """Return whether an answer is a proxy's page in place of JSON."""
    kind = (exchange.answer.header("Content-Type") or "").partition(";")[0].strip().lower()
    return exchange.answer.status in OF_A_PROXY and kind == PAGE
