"""Answers that a proxy gives in place of the API: who met only that has not met the API. Judges nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from diarkit_contracts.exchanges.exchange import Exchange

BARRED: Final = frozenset({401, 407})
"""UNK what a proxy in front of the API wants to be shown; the API itself wants nothing (DOC by absence)."""

TOO_SLOW: Final = 408
"""UNK what an upload gets that takes longer than the server waits (limits page: it is rejected)."""

OF_A_PROXY: Final = frozenset({403, 413, 429})
"""INF: what a proxy may see before the API does: an address, a size, a rate."""

PAGE: Final = "text/html"


def list_barred(exchanges: Sequence[Exchange]) -> frozenset[int]:
    """List the answers of a proxy that lets nobody in: not yet, or not any more. One among others is the API's own.

    Returns:
        Their positions.
    """
    let_in = [at for at, exchange in enumerate(exchanges) if exchange.answer.status not in BARRED]
    first, last = (let_in[0], let_in[-1]) if let_in else (len(exchanges), 0)
    return frozenset(
        at for at, exchange in enumerate(exchanges) if exchange.answer.status in BARRED and not first < at < last
    )


def is_of_proxy(exchange: Exchange) -> bool:
    """Return whether an answer is a page that a proxy writes where the API would write JSON."""
    kind = (exchange.answer.header("Content-Type") or "").partition(";")[0].strip().lower()
    return exchange.answer.status in OF_A_PROXY and kind == PAGE
