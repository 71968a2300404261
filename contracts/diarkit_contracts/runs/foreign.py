"""Detect servers that are not this API, and guess what they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final
from urllib.parse import urljoin, urlsplit

from diarkit_contracts.api.strict_json import StrictJsonError, decode_json
from diarkit_contracts.exchanges.exchange import Exchange
from diarkit_contracts.exchanges.history import START_PATH, find_value, read_object
from diarkit_contracts.exchanges.text import show_text

CREDENTIALS: Final = (
    "it requires valid credentials: pass --header 'Authorization: Bearer ...', or http://USER:PASSWORD@... as URL"
)
UNKNOWN: Final = f"{START_PATH} does not exist below this URL: is it the root of the platform, without /api?"

GATEWAYS: Final = (502, 503, 504)
REDIRECTIONS: Final = (301, 302, 303, 307, 308)

NOT_IMPLEMENTED: Final = 501
"""Statuses with which a file server answers a POST."""

MAY_BE_THE_API: Final = (401, 403, 407, 413, 429)
"""Statuses of gateways in front of the API, which may itself be behind them."""


def find_foreign(exchanges: Sequence[Exchange]) -> str:
    """Return a sentence if something other than this API answers; empty if it may be this API."""
    if not exchanges or any(map(is_of_the_api, exchanges)):
        return ""
    status, _ = Counter(exchange.answer.status for exchange in exchanges).most_common(1)[0]
    if status in MAY_BE_THE_API or (status >= 500 and status != NOT_IMPLEMENTED):
        return ""
    return describe_foreign(exchanges, status)


def describe_foreign(exchanges: Sequence[Exchange], most: int) -> str:
    """Describe answers that are not from this API and have `most` as their most common status, with advice."""
    first = next(exchange for exchange in exchanges if exchange.answer.status == most)
    none = f"none of {len(exchanges)} answers" if len(exchanges) > 1 else "no answer"
    return f"{none} is of this API (most are {most}): {_explain(first)}"


def is_of_the_api(exchange: Exchange) -> bool:
    """Return whether an answer looks like one of the API's, valid or not: a task, an error envelope, the system's version."""
    body, data = read_object(exchange.answer.body), exchange.answer.body
    if body is None and not data:
        return exchange.request.path.endswith("/system/status")
    if body is None:
        # What is declared as JSON, but is not, is judged by a clause.
        return exchange.answer.status != 404 and _read_kind(exchange) == "application/json" and not _is_json(data)
    return any(find_value(body, key) is not None for key in ("task", "type", "version"))


def _explain(exchange: Exchange) -> str:
    answer, url = exchange.answer, exchange.request.url
    location = answer.header("location")
    if answer.status in REDIRECTIONS and location:
        parts = urlsplit(urljoin(url, location))
        root = f"{parts.scheme}://{parts.netloc}{parts.path}".removesuffix(urlsplit(url).path)
        return f"it redirects to {show_text(root, 200)}: use that URL"
    if answer.status in GATEWAYS:
        return "a gateway answers instead: is the platform behind it running?"
    if answer.status == 404:
        return UNKNOWN
    if _read_kind(exchange) == "text/html":
        return "web pages answer: are these the host, the port and the path of the platform?"
    return "is the platform at this URL?"


def _read_kind(exchange: Exchange) -> str:
    return (exchange.answer.header("content-type") or "").partition(";")[0].strip().lower()


def _is_json(data: bytes) -> bool:
    try:
        decode_json(data)
    except StrictJsonError:
        return False
    return True
