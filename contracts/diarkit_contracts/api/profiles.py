"""The generations of the API as data, and what a target can be made to show. Judges nothing.

The contract document pins 3.6.0. What other generations do otherwise is here; clauses that depend on it ask for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

START: Final = "POST /api/technology/speaker-diarization"
RESULT: Final = "GET /api/technology/speaker-diarization/{task_id}"
INFO: Final = "GET /api/system/info"
STATUS: Final = "GET /api/system/status"


class Capability(StrEnum):
    """What a target can be made to do beyond answering; the value ends the sentence 'this target can't be made to ...'."""

    FAIL = "fail a task"
    LIMIT_RATE = "limit the rate"
    FILL_STORAGE = "have a full storage"
    FORBID = "forbid an upload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One generation.

    Attributes:
        name: as in `--profile`.
        about: which versions, and how it is known.
        statuses: that each operation declares, by method and path.
        locations: headers that lead to the task; each 202 has the first one, and each one that is there leads there.
        least_speakers: lower bound of speakers_count.
        passing: states beside those of the document; none of them ends a task.
    """

    name: str
    about: str
    statuses: Mapping[str, frozenset[int]]
    locations: tuple[str, ...] = ("X-Location",)
    least_speakers: int = 0
    passing: frozenset[str] = frozenset()


def _declare(start: str, result: str, system: str) -> Mapping[str, frozenset[int]]:
    texts = {START: start, RESULT: result, INFO: system, STATUS: system}
    return MappingProxyType({key: frozenset(map(int, text.split())) for key, text in texts.items()})


_WITH_429: Final = _declare("202 400 403 413 422 429 507", "200 400 404 422 429", "200 400 422 429")

DEFAULT: Final = Profile(name="3.6", about="3.5.0 and 3.6.0; DOC: reference pages and guide", statuses=_WITH_429)

_EARLIER: Final = Profile(
    name="3.5", about="3.5.0-dev.2; DOC: reference pages, speakers_count > 0", statuses=_WITH_429, least_speakers=1
)
_LATER: Final = Profile(
    name="3.7",
    about="3.7.0 and 4.0.0-rc1; INF: sibling pages add Location and call X-Location deprecated",
    statuses=_WITH_429,
    locations=("Location", "X-Location"),
)
_NEWEST: Final = Profile(
    name="5.0",
    about="5.0.0; INF: sibling pages declare 405, no 429 and no 422 of GET; DOC: life cycle has cancelled",
    statuses=_declare("202 400 403 405 413 422 507", "200 400 404 405", "200 400 405"),
    locations=("Location", "X-Location"),
    passing=frozenset({"cancelled"}),
)

PROFILES: Final[Mapping[str, Profile]] = MappingProxyType(
    {each.name: each for each in (_EARLIER, DEFAULT, _LATER, replace(_LATER, name="4.0"), _NEWEST)}
)
"""By name. Nothing is known in which 3.7 and 4.0 differ (UNK which of them brought Location)."""
