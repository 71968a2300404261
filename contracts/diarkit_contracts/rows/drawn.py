"""Requests as Hypothesis draws them: uploads, well-formed and at the edges of what is known, and mistakes. Sends nothing."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from hypothesis import strategies as st

from diarkit_contracts.exchanges.history import START_PATH
from diarkit_contracts.rows.call import CONFIG, FILE, Attached, Call, Written
from diarkit_contracts.rows.inputs import FILES
from diarkit_contracts.rows.mistakes import CLIP, make_mistakes
from diarkit_contracts.rows.uploads import FACTORS, make_uploads

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

AUDIO: Final = (
    *FACTORS["audio"],
    "wav:1ch:0.7s",
    "wav:1ch:0.8s",
    "wav:1ch:0.9s",
    "wav:1ch:3.0s:speakers=5",
    "wav:2ch:1.0s:speakers=0,0",
    "wav:2ch:1.5s:speakers=3,1",
    "wav:4ch:1.2s",
)
"""Few, since each is made once and kept, and small, since a run sends thousands."""

TIMES: Final = (
    "0",
    "0.01",
    "0.005",
    "0.29",
    "0.79",
    "0.8",
    "1",
    "1.005",
    "1.2",
    "2.5",
    "3",
    "6",
    "99",
    "1e-9",
    "5e-324",
    "1e300",
)
"""Around the lengths of the recordings, on the grid of 10 ms and between, and where floats end."""

TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
"""Anything that UTF-8 can carry."""

LIMITS: Final = st.sampled_from(("max_speakers", "total_speakers"))


@st.composite
def draw_uploads(draw: DrawFn) -> Call:
    """Draw an upload: a row of the plan, or one whose parts, names and parameters are drawn one by one."""
    if draw(st.booleans()):
        return draw(st.sampled_from(_list_uploads()))
    file = Attached(draw(st.sampled_from(AUDIO) | st.sampled_from(sorted(FILES))), draw(_NAMES))
    parts: list[Attached | Written] = [file]
    if draw(st.booleans()):
        parts.append(Written(json.dumps(draw(_CONFIGS))))
    if draw(st.booleans()):
        parts.append(Written(draw(TEXTS), name=draw(st.sampled_from(("note", "File", "config2", "channels")))))
    return Call(query=tuple(draw(_QUERIES).items()), body=tuple(draw(st.permutations(parts))))


@st.composite
def draw_mistakes(draw: DrawFn) -> Call:
    """Draw a request with a mistake, or one that nobody would send."""
    if draw(st.booleans()):
        return draw(st.sampled_from(_list_mistakes()))
    return draw(
        st.one_of(
            st.builds(_post_config, _BAD_CONFIGS),
            st.builds(_post_query, st.sampled_from(("channel_mode", "channels", "range_from", "range_to")), TEXTS),
            st.builds(_get, TEXTS),
        )
    )


@cache
def _list_uploads() -> tuple[Call, ...]:
    return tuple(row.call for row in make_uploads())


@cache
def _list_mistakes() -> tuple[Call, ...]:
    return tuple(row.call for row in make_mistakes())


def _post_config(text: str) -> Call:
    return Call(body=(Attached(CLIP), Written(text, CONFIG)))


def _post_query(name: str, value: str) -> Call:
    return Call(query=((name, value),), body=(Attached(CLIP, name=FILE),))


def _get(text: str) -> Call:
    # Dots and slashes would ask for another path.
    return Call(method="GET", path=f"{START_PATH}/{quote(text.replace('.', '-').replace('/', '-') or '-', safe='')}")


def _draw_config() -> SearchStrategy[dict[str, object]]:
    limit = st.integers(1, 4) | st.sampled_from((12, 99, 100, 101, 10**6))
    known = st.dictionaries(LIMITS, limit, max_size=1)
    unknown = st.dictionaries(st.sampled_from(("Max_Speakers", "speakers", "")), st.none() | TEXTS | limit, max_size=1)
    return st.builds(lambda *both: both[0] | both[1], known, unknown)


def _draw_bad_config() -> SearchStrategy[str]:
    scalar = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
    anything = st.recursive(
        scalar, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2), max_leaves=4
    )
    return st.one_of(
        st.builds(json.dumps, st.dictionaries(LIMITS, anything, min_size=1)),
        st.builds(json.dumps, anything),
        TEXTS,
    )


def _draw_query() -> SearchStrategy[dict[str, str]]:
    channels = st.lists(st.integers(0, 4).map(str), min_size=1, max_size=4).map(",".join)
    times = st.sampled_from(TIMES)
    optional = {
        "channel_mode": st.sampled_from(("split", "mix")),
        "channels": channels,
        "range_from": times,
        "range_to": times,
        "language": TEXTS,
    }
    return st.fixed_dictionaries({}, optional=optional)


_NAMES: Final = st.sampled_from(FACTORS["filename"]) | TEXTS
_CONFIGS: Final = _draw_config()
_BAD_CONFIGS: Final = _draw_bad_config()
_QUERIES: Final = _draw_query()
