"""Convert journal entries to exchanges, and to plain values and back.

Each export is a recording: exchanges with additional fields of the world. Secrets are redacted unless requested.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields, replace
from typing import Any, cast
from urllib.parse import quote, unquote, urlsplit

from diarkit_contracts.api.states import TaskState
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Lost
from diarkit_contracts.exchanges.exchange import Request as Sent
from diarkit_contracts.exchanges.har import write_har as write_archive
from diarkit_contracts.exchanges.plain import Json, read_plain, write_plain
from diarkit_contracts.exchanges.redaction import CONFIG, Redaction, list_secrets
from diarkit_mockserver.clock import SECOND
from diarkit_mockserver.intake.request import Request
from diarkit_mockserver.intake.submission import MediaFacts, Parameters, Submission
from diarkit_mockserver.journal.journal import Entry

OWN = "entry"
"""Key of the world's fields in an exchange."""

OWN_FIELDS = tuple(
    field.name
    for field in fields(Entry)
    if field.name not in {"request", "parts", "status", "headers", "body", "lost", "secrets"}
)


def make_exchange(entry: Entry, epoch: int) -> Exchange:
    """Make the exchange as seen by the client, including secrets."""
    request = entry.request
    address = urlsplit(request.base_url)
    path = quote(request.path, safe="/:@!$&()*+,;=~-._")
    url = f"{address.scheme}://{address.netloc or 'localhost'}{path}"
    headers = {"content-length": "0", **request.headers}
    came: Any = {
        "status": entry.status,
        "headers": tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in entry.headers),
        "body": entry.body,
        "received_at": epoch + entry.answered_at / SECOND,
    }
    return Exchange(
        Sent(
            method=request.method,
            url=f"{url}?{request.query_string}" if request.query_string else url,
            headers=request.pairs,
            parts=entry.parts,
            is_body_known=entry.parts is not None
            or (headers["content-length"] == "0" and "transfer-encoding" not in headers),
            sent_at=epoch + entry.asked_at / SECOND,
        ),
        Answer(**came) if entry.lost is None else Lost(kind=entry.lost, **came),
    )


def write_entries(entries: Iterable[Entry], epoch: int, *, reveal: bool = False) -> Iterator[Json]:
    """Convert entries to plain values."""
    for entry in entries:
        exchange, own = make_exchange(entry, epoch), _write_own(entry)
        if not reveal:
            redaction = Redaction((*list_secrets(exchange.request.headers), *entry.secrets))
            exchange = redaction.strike(exchange)
            own["note"] = redaction.strike_text(entry.note)
        yield {**write_plain(exchange), OWN: own}


def write_har(written: Sequence[Json]) -> Json:
    """Convert the output of `write_entries` to a HAR."""
    exchanges = (read_plain(Exchange, each, "an exchange") for each in written)
    return write_archive(exchanges, (_comment(each[OWN]) for each in written))


def read_entry(data: Json) -> Entry:
    """Convert an item of `write_entries` back to an entry; raises KeyError or PlainError for other values."""
    exchange, own = read_plain(Exchange, data, "an exchange"), dict(data[OWN])
    sent, answer = exchange.request, exchange.answer
    address, _, query = sent.url.partition("?")
    parts = urlsplit(address)
    request = Request(
        sent.method,
        unquote(parts.path),
        query,
        tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.headers),
        scheme=parts.scheme,
        server=parts.netloc,
    )
    for key in ("faults", "ignored_keys", "ignored_parts"):
        own[key] = tuple(own[key])
    own |= {
        "state": None if own["state"] is None else TaskState(own["state"]),
        "submission": None if own["submission"] is None else _read_submission(own["submission"], sent, request),
    }
    headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers)
    lost = answer.kind if isinstance(answer, Lost) else None
    came: Json = {"status": answer.status, "headers": headers, "body": answer.body, "lost": lost}
    return Entry(request=request, parts=sent.parts, **came, **own)


def _write_own(entry: Entry) -> Json:
    own: Json = {name: getattr(entry, name) for name in OWN_FIELDS}
    if (submission := entry.submission) is not None:
        own["submission"] = {
            "occurrence": submission.occurrence,
            "upload": submission.upload,
            "first_bytes": submission.first_bytes.hex(),
            "parameters": asdict(submission.parameters),
            # The truth is part of the exchange's sound.
            "media": asdict(replace(submission.media, truth=None)),
        }
    return cast("Json", write_plain(own))


def _read_submission(own: Json, sent: Sent, request: Request) -> Submission:
    form = {part.name: part for part in reversed(sent.parts or ())}
    file, config = form["file"], form.get(CONFIG)
    parameters: Json = {**own["parameters"], "channels": tuple(own["parameters"]["channels"])}
    truth = None if file.sound is None else file.sound.truth
    media: Json = {**own["media"], "loud": tuple(own["media"]["loud"]), "truth": truth}
    return Submission(
        filename=file.filename or "",
        sha256=file.sha256 or "",
        size=file.size or 0,
        media=MediaFacts(**media),
        parameters=Parameters(**parameters),
        config=None if config is None else json.loads(config.text or "{}"),
        asked=request,
        first_bytes=bytes.fromhex(own["first_bytes"]),
        occurrence=own["occurrence"],
        upload=own["upload"],
    )


def _comment(own: Json) -> Json:
    comment = "; ".join(part for part in (own["rule"] and f"rule {own['rule']}", own["note"]) if part)
    more: Json = {"connection": str(own["connection"]), f"_{OWN}": own}
    return {**more, "comment": comment} if comment else more
