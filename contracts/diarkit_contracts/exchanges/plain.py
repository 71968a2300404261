"""An exchange as plain values, for JSON, and back. Knows no file.

Of a request's body it holds what a check may ask of it; the body of an answer as it was.
"""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeGuard, cast

from diarkit_contracts.exchanges.exchange import Answer, Exchange, Loss, Lost, Part, Request, Sound
from diarkit_fixtures.segments import Segment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diarkit_contracts.exchanges.exchange import Headers

Json: TypeAlias = dict[str, Any]

LOST: Final = "lost"


class PlainError(ValueError):
    """Plain values are no exchange: what was expected, and what came."""


def write_exchange(exchange: Exchange) -> Json:
    """Write an exchange; what was lost has its kind in `lost`."""
    request, answer = exchange.request, exchange.answer
    parts = None if request.parts is None else [write_part(part) for part in request.parts]
    written: Json = {
        "status": answer.status,
        "headers": answer.headers,
        "body": write_body(answer.body),
        "received_at": answer.received_at,
    }
    return {
        "request": {
            "method": request.method,
            "url": request.url,
            "headers": request.headers,
            "parts": parts,
            "is_body_known": request.is_body_known,
            "sent_at": request.sent_at,
        },
        "answer": {LOST: answer.kind, **written} if isinstance(answer, Lost) else written,
    }


def write_part(part: Part) -> Json:
    """Write a part of a form without what is unknown."""
    return {key: value for key, value in asdict(part).items() if value is not None}


def write_body(body: bytes) -> dict[str, str]:
    """Write a body as text, or in base64 where it is none in UTF-8."""
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def read_exchange(value: object) -> Exchange:
    """Read what `write_exchange` wrote; other keys than its own are passed over.

    Raises:
        PlainError: it is something else.
    """
    whole = read_object(value, "an exchange")
    request, answer = (read_object(whole.get(key), key) for key in ("request", "answer"))
    parts = request.get("parts")
    came: Any = {
        "status": int(_read_number(answer, "status")),
        "headers": _read_headers(answer),
        "body": _read_body(read_object(answer.get("body"), "body")),
        "received_at": _read_number(answer, "received_at"),
    }
    return Exchange(
        Request(
            method=_read_text(request, "method"),
            url=_read_text(request, "url"),
            headers=_read_headers(request),
            parts=None if parts is None else tuple(map(read_part, _read_list(parts, "parts"))),
            is_body_known=request.get("is_body_known") is not False,
            sent_at=_read_number(request, "sent_at"),
        ),
        Lost(kind=read_loss(answer[LOST]), **came) if LOST in answer else Answer(**came),
    )


def read_part(value: object) -> Part:
    """Read what `write_part` wrote.

    Raises:
        PlainError: it is something else.
    """
    part = read_object(value, "a part")
    sound = part.get("sound")
    return Part(
        name=_read_text(part, "name"),
        size=None if part.get("size") is None else int(_read_number(part, "size")),
        sound=None if sound is None else _read_sound(read_object(sound, "sound")),
        **{key: _read_text(part, key) for key in ("filename", "sha256", "text") if part.get(key) is not None},
    )


def read_loss(value: object) -> Loss:
    """Read why an answer was lost.

    Raises:
        PlainError: it is no such reason.
    """
    try:
        return Loss(cast("str", value))
    except ValueError:
        raise PlainError(f"expected one of {', '.join(Loss)} for {LOST}, got {value!r:.40}") from None


def read_object(value: object, what: str) -> Mapping[str, object]:
    """Read an object.

    Raises:
        PlainError: it is something else.
    """
    if not isinstance(value, dict):
        raise PlainError(f"expected an object for {what}, got {value!r:.40}")
    return cast("dict[str, object]", value)


def _read_sound(sound: Mapping[str, object]) -> Sound:
    truth = sound.get("truth")
    # Version 1 had the frames and their rate.
    length = (
        _read_number(sound, "length")
        if "length" in sound
        else _read_number(sound, "frames") * 100 // _read_number(sound, "sample_rate_hz")
    )
    try:
        return Sound(
            length=int(length),
            loud=tuple(bool(loud) for loud in _read_list(sound.get("loud"), "loud")),
            truth=None if truth is None else tuple(map(_read_segments, _read_list(truth, "truth"))),
            truncated=bool(sound.get("truncated")),
        )
    except ValueError as error:
        raise PlainError(str(error)) from None


def _read_segments(value: object) -> tuple[Segment, ...]:
    rows = (read_object(row, "a segment") for row in _read_list(value, "a channel's truth"))
    return tuple(Segment(*(int(_read_number(row, key)) for key in ("speaker", "start", "end"))) for row in rows)


def _read_body(body: Mapping[str, object]) -> bytes:
    if "base64" not in body:
        return _read_text(body, "text").encode()
    try:
        return base64.b64decode(_read_text(body, "base64"), validate=True)
    except ValueError as error:
        raise PlainError(f"expected base64 for body: {error}") from None


def _read_headers(of: Mapping[str, object]) -> Headers:
    pairs = [_read_list(pair, "a header") for pair in _read_list(of.get("headers", []), "headers")]
    if not all(len(pair) == 2 for pair in pairs):
        raise PlainError("expected [name, value] for each of headers")
    return tuple((str(name), str(value)) for name, value in pairs)


def _read_text(of: Mapping[str, object], key: str) -> str:
    value = of.get(key)
    if not isinstance(value, str):
        raise PlainError(f"expected a text for {key}, got {value!r:.40}")
    return value


def _read_number(of: Mapping[str, object], key: str) -> float:
    value = of.get(key)
    if not _is_number(value):
        raise PlainError(f"expected a number for {key}, got {value!r:.40}")
    return value


def _read_list(value: object, what: str) -> list[object]:
    if not isinstance(value, list | tuple):
        raise PlainError(f"expected a list for {what}, got {value!r:.40}")
    return list(cast("list[object]", value))


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
