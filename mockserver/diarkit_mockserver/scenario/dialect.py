"""What a scenario says of the points that generations and platforms differ on, and the generation that follows. Knows no rule.

Below it: how the answers of such a platform look, headers and the form of JSON. It decides no answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from diarkit_contracts.api.dialect import list_set
from diarkit_contracts.api.learned import put_over
from diarkit_contracts.api.points import POINTS, USUAL, Carries, Echoes, find_served
from diarkit_contracts.api.profiles import DEFAULT, PROFILES
from diarkit_contracts.api.words import fill_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from diarkit_contracts.api.dialect import Dialect
    from diarkit_contracts.api.learned import SeenPoint
    from diarkit_contracts.api.profiles import Profile
    from diarkit_mockserver.intake.request import Headers


def resolve_profile(generation: str | None, dialect: Dialect, seen: Iterable[SeenPoint] = ()) -> Profile:
    """Work out the value of each point: the generation's column, then the dialect.

    Args:
        generation: that a scenario or the server names; None for the usual one.
        dialect: of the scenario.
        seen: what of it was seen of a live platform.

    Raises:
        ValueError: for a generation that no fake can be of.
    """
    return put_over(
        PROFILES[USUAL if generation is None else find_served(generation)],
        list_set(dialect),
        seen,
        "dialect of the scenario",
    )


HABITS: Final = ("spacing", "whole_seconds", "first_speaker", "channel_order")
"""Points of the form of JSON, each of which this file follows."""


@dataclass(frozen=True, slots=True)
class Manner:
    """The headers and habits of a platform that are not the usual ones.

    Attributes:
        carried: headers by name in lower case: their text, empty for none, and the status of the answers that carry them.
        dropped: names of the ids that answers do not repeat.
        habits: points of `HABITS` that are not as usual.
    """

    carried: Mapping[bytes, tuple[str, int]]
    dropped: frozenset[bytes]
    habits: frozenset[str]

    def dress(self, status: int, has_body: bool, headers: Headers) -> Headers:  # noqa: FBT001 - a fact, no mode
        """Put the headers of an answer as the platform has them."""
        own: dict[bytes, bytes] = {}
        sent = dict(headers)
        for name, (text, only) in self.carried.items():
            if status == only or (not only and has_body):
                # What a header may name is in the usual one: the methods that are allowed.
                own[name] = fill_text(text, {"allowed": sent.get(name, b"").decode("latin-1")}).encode(
                    "latin-1", "replace"
                )
        kept = [(name, own.pop(name, value)) for name, value in headers if name not in self.dropped]
        return tuple((name, value) for name, value in (*kept, *own.items()) if value)

    def restyle(self, status: int, body: bytes) -> bytes:
        """Write the JSON of a success as the platform does; one that is broken on purpose stays as it is."""
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
    """Find what is not usual about a platform's answers; None for nothing."""
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
