"""Hypothesis strategies for requests: uploads, valid and at the limits of what is documented, and mistakes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from hypothesis import strategies as st

from diarkit_contracts.exchanges.history import START_PATH
from diarkit_contracts.rows.call import CONFIG, Attached, Call, Written
from diarkit_contracts.rows.inputs import FILES
from diarkit_contracts.rows.mistakes import NEVER_GIVEN, get, make_mistakes, post
from diarkit_contracts.rows.uploads import FACTORS, make_uploads

if TYPE_CHECKING:
    from random import Random

    from hypothesis.strategies import DrawFn

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
"""Few, since all are cached, and small, since a run sends thousands."""

TIMES: Final = (
    "0", "0.01", "0.005", "0.29", "0.79", "0.8", "1", "1.005", "1.2", "2.5", "3", "6", "99", "1e-9", "5e-324", "1e300",
)  # fmt: skip
"""Around the lengths of the recordings, on and off the 10 ms grid, and at the limits of floats."""

TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
"""Any text that UTF-8 can encode."""

OFTEN: Final = 6

LIMITS: Final = ("max_speakers", "total_speakers")
MOST_SPEAKERS: Final = 999


@st.composite
def draw_uploads(draw: DrawFn) -> Call:
    """Draw an upload: a row of the plan, or random parts, names and parameters."""
    if draw(st.booleans()):
        return draw(_UPLOADS)
    file = Attached(draw(st.sampled_from(AUDIO) | st.sampled_from(sorted(FILES))), draw(_NAMES))
    parts: list[Attached | Written] = [file]
    if draw(st.booleans()):
        parts.append(Written(json.dumps({**draw(_GIVEN), **draw(_UNKNOWN)})))
    if draw(st.booleans()):
        parts.append(Written(draw(TEXTS), name=draw(st.sampled_from(("note", "File", "config2", "channels")))))
    return Call(query=tuple(draw(_QUERIES).items()), body=tuple(draw(st.permutations(parts))))


@st.composite
def draw_mistakes(draw: DrawFn) -> Call:
    """Draw a request with a mistake, or an absurd one."""
    if draw(st.booleans()):
        return draw(_MISTAKES)
    return draw(
        st.one_of(
            st.builds(post, _BAD_CONFIGS),
            st.dictionaries(_PARAMETERS, TEXTS, min_size=1, max_size=1).map(lambda query: post(**query)),
            # Dots and slashes would change the path.
            TEXTS.map(lambda text: get(quote(text.replace(".", "-").replace("/", "-") or "-", safe=""))),
        )
    )


def vary_call(call: Call, draws: Random) -> Call:
    """Change one aspect of a call within the contract: an unknown id, a name, a range, a limit, an unknown parameter."""
    parts, query = call.body, call.query
    if call.path.startswith(f"{START_PATH}/"):
        return replace(call, path=_vary_id(call.path, f"{draws.getrandbits(48):012x}"))
    form = parts if isinstance(parts, tuple) else ()
    changes = ["colour"]
    if any(isinstance(part, Attached) and part.filename for part in form):
        changes.append("name")
    # Often, since they change which clauses apply to the call.
    given = {name for name, _ in query}
    changes += [name for name in ("range_from", "range_to") if form and name not in given] * OFTEN
    if form and not any(part.name == CONFIG for part in form):
        changes += ["limit"] * OFTEN
    match draws.choice(changes):
        case "name":
            name = f"{draws.getrandbits(48):x}.wav"
            named = (
                replace(part, filename=name) if isinstance(part, Attached) and part.filename else part for part in form
            )
            return replace(call, body=tuple(named))
        case "range_from":
            return replace(call, query=(*query, ("range_from", f"{draws.uniform(0, 0.3):.6f}")))
        case "range_to":
            return replace(call, query=(*query, ("range_to", f"{draws.uniform(0.8, 6.0):.6f}")))
        case "limit":
            config = {draws.choice(LIMITS): draws.randint(1, MOST_SPEAKERS)}
            return replace(call, body=(*form, Written(json.dumps(config))))
        case _:
            others = tuple(pair for pair in query if pair[0] != "colour")
            return replace(call, query=(*others, ("colour", f"{draws.getrandbits(32):x}")))


def _vary_id(path: str, digits: str) -> str:
    """Vary a task id: an unknown one stays unknown because of its first digits, and a non-UUID stays one with more digits."""
    return path[: -len(digits)] + digits if path.endswith(NEVER_GIVEN) else f"{path}-{digits}"


_UPLOADS: Final = st.sampled_from([row.call for row in make_uploads()])
_MISTAKES: Final = st.sampled_from([row.call for row in make_mistakes()])
_NAMES: Final = st.sampled_from(FACTORS["filename"]) | TEXTS
_LIMIT: Final = st.integers(1, 4) | st.sampled_from((12, 99, 100, 101, 10**6))
_PARAMETERS: Final = st.sampled_from(("channel_mode", "channels", "range_from", "range_to"))
_UNKNOWN_KEYS: Final = st.sampled_from(("Max_Speakers", "speakers", ""))


_GIVEN: Final = st.dictionaries(st.sampled_from(LIMITS), _LIMIT, max_size=1)
_UNKNOWN: Final = st.dictionaries(_UNKNOWN_KEYS, st.none() | TEXTS | _LIMIT, max_size=1)
_ANYTHING: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
_BAD_CONFIGS: Final = st.one_of(
    st.builds(json.dumps, st.dictionaries(st.sampled_from(LIMITS), _ANYTHING, min_size=1)),
    st.builds(json.dumps, _ANYTHING),
    TEXTS,
)
_TIMES: Final = st.sampled_from(TIMES)
_QUERIES: Final = st.fixed_dictionaries(
    {},
    optional={
        "channel_mode": st.sampled_from(("split", "mix")),
        "channels": st.lists(st.integers(0, 4).map(str), min_size=1, max_size=4).map(",".join),
        "range_from": _TIMES,
        "range_to": _TIMES,
        "language": TEXTS,
    },
)
