"""Metamorphic relations between answers to variants of one recording, without knowing its truth.

Files record what they were derived from (`Part.made`); answers are compared channel by channel, up to a renaming of speakers, and the
worst channel counts. All are warnings: they measure consistency, which is not part of the contract.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from diarkit_contracts.api.evidence import IN_CHANNEL, inferred
from diarkit_contracts.api.result import ReportedChannel
from diarkit_contracts.clauses.belonging import read_segments
from diarkit_contracts.clauses.clause import Clause, Observation, clause, observe
from diarkit_contracts.clauses.need import Need
from diarkit_contracts.clauses.parameters import read_range
from diarkit_contracts.exchanges.exchange import AHEAD, Relation
from diarkit_contracts.exchanges.history import History, Look, Start
from diarkit_fixtures.score.der import FULL, Rules, score
from diarkit_fixtures.segments import Segments

Reported = tuple[ReportedChannel, ...]
ByNumber = Mapping[int, Segments]

SAME: Final = 0.01
"""INF: share of the speech, for identical samples: only floating-point sums may differ."""

NEAR: Final = 0.10
"""INF: share of the speech, for shifted analysis frames, with a collar of a quarter of a second."""

AROUND: Final = Rules(collar=25)

SAMPLES: Final = "technology page, 3.3.0: an answer follows from the audio"
SPLIT: Final = "reference page of POST, 3.6.0, split: each channel is processed by itself"
PLACE: Final = f"{IN_CHANNEL}/properties/segments"


def _need(relation: Relation, sentence: str) -> Need:
    sentence = f"a result of an --audio recording {sentence}"
    return Need(f"relation-{relation}", sentence, lambda history: any(_list_variants(history, relation)))


def _list_variants(history: History, relation: Relation) -> Iterator[tuple[str, Look, Start, Reported]]:
    """List the answers for variants of recordings, with the digest of each recording."""
    for look, start, channels in history.known_results():
        if start.made is not None and start.made.relation is relation:
            yield start.made.of, look, start, channels


_GIVEN: Final = _need(Relation.GIVEN, "as it is")


def _number(channels: Reported, shift: int = 0) -> dict[int, Segments]:
    return {channel.number: tuple(read_segments(channel, shift)) for channel in channels}


def _relate(  # noqa: PLR0913 - all that the relations differ in
    name: str,
    sentence: str,
    source: str,
    *,
    relation: Relation,
    seen: str,
    expect: Callable[[Reported], ByNumber] = _number,
    rules: Rules = FULL,
    most: float = SAME,
) -> Clause:
    """Make a clause: the answer for a variant follows from that for the original recording."""

    def check(history: History) -> Iterator[Observation]:
        firsts: dict[str, Reported] = {}
        for origin, _, _, channels in _list_variants(history, Relation.GIVEN):
            firsts.setdefault(origin, channels)
        for origin, look, _, channels in _list_variants(history, relation):
            if origin in firsts:
                yield _observe(look, _measure(expect(firsts[origin]), _number(channels), rules), most)

    tolerance = f"; tolerance: {most:.0%} of the speech of a channel"
    tolerance += f", with a collar of {rules.collar / 100:g} s" if rules.collar else ""
    needs = (_GIVEN, _need(relation, seen))
    return Clause(check, f"relations.{name}", sentence, inferred(source + tolerance), PLACE, needs)


def _swap(channels: Reported) -> dict[int, Segments]:
    return {len(channels) - 1 - number: segments for number, segments in _number(channels).items()}


def _double(channels: Reported) -> dict[int, Segments]:
    segments = next(iter(_number(channels).values()), ())
    return {0: segments, 1: segments}


_same_upload = _relate(
    "same-upload",
    "The same upload has the same answer.",
    SAMPLES,
    relation=Relation.AGAIN,
    seen="sent again",
)
_flac = _relate(
    "flac",
    "A FLAC has the answer of a WAV of the same samples.",
    SAMPLES,
    relation=Relation.FLAC,
    seen="sent as FLAC",
)
_swapped_channels = _relate(
    "swapped-channels",
    "A recording with swapped channels has the same answer with swapped channels.",
    SPLIT,
    relation=Relation.SWAPPED,
    seen="with its channels swapped",
    expect=_swap,
)
_silence_ahead = _relate(
    "silence-ahead",
    f"A recording with {AHEAD / 100:g} s of leading silence has the same answer {AHEAD / 100:g} s later.",
    SAMPLES,
    relation=Relation.DELAYED,
    seen="with leading silence",
    expect=lambda channels: _number(channels, AHEAD),
    rules=AROUND,
    most=NEAR,
)


@clause(
    "relations.range-is-cut",
    inferred(
        f"reference page of POST, 3.6.0; tolerance: {NEAR:.0%} of the speech of a channel, with a collar of {AROUND.collar / 100:g} s"
    ),
    "components/parameters/RangeFrom",
    _need(Relation.RANGE, "with a range"),
    _need(Relation.CUT, "cut to a range"),
)
def _range_is_cut(history: History) -> Iterator[Observation]:
    """A range has the answer of a file cut to it, with times from the beginning of the file or of the range."""
    for look, from_file, from_range in _measure_ranges(history):
        yield _observe(look, min(from_file, from_range), NEAR)


_mono_twice = _relate(
    "mono-twice",
    "A duplicated channel has the answer of the single one, twice.",
    SPLIT,
    relation=Relation.DOUBLED,
    seen="with its channel duplicated",
    expect=_double,
)
_max_speakers = _relate(
    "max-speakers",
    "A max_speakers of at least the number of speakers found changes nothing.",
    "guide, 3.6.0: the meaning of max_speakers",
    relation=Relation.LIMITED,
    seen="with a max_speakers that is not reached",
)


def list_origins(history: History) -> Iterator[str]:
    """Report what the times of a range are relative to, if own recordings were sent that show it."""
    origins = {
        "the beginning of the file" if from_file <= NEAR else "range_from"
        for _, from_file, from_range in _measure_ranges(history)
        if (from_file <= NEAR) is not (from_range <= NEAR)
    }
    if len(origins) == 1:
        yield f"times of a range are relative to {origins.pop()}"
    elif origins or any(_measure_ranges(history)):
        yield "what the times of a range are relative to is undecided: " + (
            "both were seen" if origins else "no recording shows it"
        )


def _measure_ranges(history: History) -> Iterator[tuple[Look, float, float]]:
    """Measure the differences between answers for a range and for the cut file, with times from the file and from the range."""
    asked = {variant[0]: variant for variant in _list_variants(history, Relation.RANGE)}
    for origin, look, _, channels in _list_variants(history, Relation.CUT):
        if origin in asked:
            _, seen, ranged, reported = asked[origin]
            bounds = read_range(ranged)
            if bounds is not None:
                cut = _number(channels)
                first = round(bounds[0] * 100)
                from_file, from_range = (_measure(cut, _number(reported, shift), AROUND) for shift in (-first, 0))
                yield max(look, seen, key=lambda each: each.at), from_file, from_range


def _measure(wanted: ByNumber, reported: ByNumber, rules: Rules) -> float:
    """Measure the worst diarization error rate of a channel between two answers; 1 for different channels."""
    if wanted.keys() != reported.keys():
        return 1.0
    return max((score(wanted[number], reported[number], rules).der for number in wanted), default=0.0)


def _observe(look: Look, distance: float, most: float) -> Observation:
    expected = f"a difference of at most {most:.0%} of the speech of a channel"
    return observe(look.at, met=distance <= most, expected=expected, got=f"{distance:.1%}")
