"""Resolve a scenario's generation and dialect to a profile, and apply it to headers and JSON of answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from diarkit_contracts.api.dialect import Dialect, list_set
from diarkit_contracts.api.learned import SeenPoint, put_over
from diarkit_contracts.api.points import POINTS, USUAL, Carries, Echoes, find_served
from diarkit_contracts.api.profiles import DEFAULT, PROFILES, Profile
from diarkit_contracts.api.words import fill_text

if TYPE_CHECKING:
    from diarkit_mockserver.intake.request import Headers


def resolve_profile(generation: str | None, dialect: Dialect, seen: Iterable[SeenPoint] = ()) -> Profile:
    """Resolve the value of each point: the generation's column, the default one if None, overridden by dialect and observations."""
    return put_over(
        PROFILES[USUAL if generation is None else find_served(generation)],
        list_set(dialect),
        seen,
        "dialect of the scenario",
    )


HABITS: Final = ("spacing", "whole_seconds", "first_speaker", "channel_order")
"""Points about the form of JSON, implemented here."""


@dataclass(frozen=True, slots=True)
class Manner:
    """Differences of a platform's answers from the default.

    Attributes:
        carried: headers by lower-case name: text, empty for none, and the status of answers that have them.
        dropped: names of ids that answers do not repeat.
        habits: points of `HABITS` that differ.
    """

    carried: Mapping[bytes, tuple[str, int]]
    dropped: frozenset[bytes]
    habits: frozenset[str]

    def dress(self, status: int, has_body: bool, headers: Headers) -> Headers:  # noqa: FBT001 - a fact, no mode
        """Adapt the headers of an answer to the platform."""
        own: dict[bytes, bytes] = {}
        sent = dict(headers)
        for name, (text, only) in self.carried.items():
            if status == only or (not only and has_body):
                # The allowed methods, for templates, are in the default header.
                own[name] = fill_text(text, {"allowed": sent.get(name, b"").decode("latin-1")}).encode(
                    "latin-1", "replace"
                )
        usual = [(name, own.pop(name, value)) for name, value in headers if name not in self.dropped]
        return tuple((name, value) for name, value in (*usual, *own.items()) if value)

    def restyle(self, status: int, body: bytes) -> bytes:
        """Adapt the JSON of a success to the platform, unless it is broken on purpose."""
        if not self.habits or status >= 300:
            return body
        try:
            answer: Any = json.loads(body, parse_float=self._read_time)
            if b'"channels":' in body:
                self._turn(answer["result"]["channels"])
        except (KeyError, TypeError, ValueError):
            return body
        separators = (", ", ": ") if "spacing" in self.habits else (",", ":")
        return json.dumps(answer, ensure_ascii=False, separators=separators).encode()

    def _turn(self, channels: list[Any]) -> None:
        if "channel_order" in self.habits:
            channels.sort(key=itemgetter("channel_number"))
        if "first_speaker" in self.habits:
            for segment in (segment for channel in channels for segment in channel["segments"]):
                segment["speaker_id"] += 1

    def _read_time(self, text: str) -> float | int:
        seconds = float(text)
        return int(seconds) if "whole_seconds" in self.habits and seconds.is_integer() else seconds


def find_manner(profile: Profile) -> Manner | None:
    """Return the differences of a platform's answers; None for none."""
    carried: dict[bytes, tuple[str, int]] = {}
    dropped: set[bytes] = set()
    for point in POINTS:
        value = profile[point.key]
        if value == DEFAULT[point.key]:
            continue
        match point.effect:
            case Carries(header=header, status=status):
                carried[header.lower().encode()] = str(value), status
            case Echoes(header=header):
                dropped.add(header.lower().encode())
            case _:
                pass
    habits = frozenset(key for key in HABITS if profile[key] != DEFAULT[key])
    return Manner(carried, frozenset(dropped), habits) if carried or dropped or habits else None
