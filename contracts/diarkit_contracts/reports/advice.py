"""What a whole run may be wrong about: the URL, credentials, its own caps. In words that say what to do; judges no answer."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

from diarkit_contracts.exchanges.history import START_PATH, find_value, read_object
from diarkit_contracts.exchanges.text import show_text
from diarkit_contracts.runs.verdict import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diarkit_contracts.exchanges.exchange import Exchange
    from diarkit_contracts.runs.verdict import RunVerdict

LEFT_OUT: Final[Mapping[Cause, str]] = {
    Cause.BUDGET_TASKS: "the cap on tasks left rows out: allow more with --max-tasks",
    Cause.BUDGET_IN_FLIGHT: "the cap on tasks in flight left rows out: allow more with --in-flight",
    Cause.BUDGET_CALLS: "the cap on calls left rows out: allow more with --max-calls",
    Cause.BUDGET_BYTES: "the cap on bytes sent left rows out: allow more with --max-bytes",
    Cause.BUDGET_SECONDS: "the cap on seconds left rows out: allow more with --max-seconds",
    Cause.TOO_SLOW: "tasks took too long: give them more time with --task-seconds",
}
"""What to do about what was left out."""

CREDENTIALS: Final = (
    "it wants credentials: give them with --header 'Authorization: Bearer ...' or in the URL, http://USER:PASSWORD@..."
)
RATE: Final = "it limits the rate: ask more slowly with --pace SECONDS, or later"
UNKNOWN: Final = f"nothing is known of {START_PATH} below this URL: is it the root of the platform, without /api?"

REMEDIES: Final[Mapping[int, str]] = {401: CREDENTIALS, 404: UNKNOWN, 429: RATE}
"""What to do if a server says little else."""

GATEWAYS: Final = (502, 503, 504)
REDIRECTIONS: Final = (301, 302, 303, 307, 308)


def advise(verdict: RunVerdict) -> tuple[str, ...]:
    """Say what to do about a run that could not show much, one sentence each; nothing for one that could."""
    return (*_advise_on_server(verdict), *_advise_on_run(verdict))


def _advise_on_server(verdict: RunVerdict) -> Iterator[str]:
    exchanges = verdict.exchanges
    if not exchanges:
        return
    statuses = Counter(exchange.answer.status for exchange in exchanges)
    status, times = statuses.most_common(1)[0]
    is_most = times * 2 > len(exchanges)
    if is_most and status in REMEDIES:
        yield f"{times} of {len(exchanges)} answers are {status}: {REMEDIES[status]}"
    elif not any(map(_is_of_the_api, exchanges)):
        first = next(exchange for exchange in exchanges if exchange.answer.status == status)
        told = f"none of {len(exchanges)} answers" if len(exchanges) > 1 else "no answer"
        yield f"{told} is of this API (most are {status}): {_explain(first)}"


def _explain(exchange: Exchange) -> str:
    answer, url = exchange.answer, exchange.request.url
    location = answer.header("location")
    kind = (answer.header("content-type") or "").partition(";")[0].strip().lower()
    if answer.status in REDIRECTIONS and location:
        return f"it redirects to {_name_root(urljoin(url, location), urlsplit(url).path)}: use that URL"
    if answer.status == 403:
        return CREDENTIALS
    if answer.status in GATEWAYS:
        return "a gateway answers in its place: is the platform behind it running?"
    if kind == "text/html":
        return "web pages answer: are these the host, the port and the path of the platform?"
    return "is it the platform that answers at this URL?"


def _name_root(led: str, path: str) -> str:
    parts = urlsplit(led)
    root = f"{parts.scheme}://{parts.netloc}{parts.path}"
    return show_text(root.removesuffix(path), 200)


def _is_of_the_api(exchange: Exchange) -> bool:
    """Tell whether an answer looks like one of the API's, right or wrong: a task, an error envelope, the system's version."""
    body = read_object(exchange.answer.body)
    if body is None:
        return exchange.request.path.endswith("/system/status") and not exchange.answer.body
    return any(find_value(body, key) is not None for key in ("task", "type", "version"))


def _advise_on_run(verdict: RunVerdict) -> Iterator[str]:
    if not verdict.vacuous:
        return
    causes = {each.cause for each in verdict.skipped} | {each.cause for each in verdict.inconclusive}
    yield from (advice for cause, advice in LEFT_OUT.items() if cause in causes)
