"""Results compared with the known recording: silence, length, who speaks when. Only for recordings with known truth.

All are warnings: they measure accuracy, which is not part of the contract.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from diarkit_contracts.api.evidence import IN_CHANNEL, inferred
from diarkit_contracts.api.result import ReportedChannel
from diarkit_contracts.api.words import count
from diarkit_contracts.clauses.acceptance import SHORTEST_S
from diarkit_contracts.clauses.belonging import (
    CHANGING,
    count_segments,
    is_limited,
    measure_alone,
    read_segments,
    read_truth,
)
from diarkit_contracts.clauses.clause import Observation, clause, observe
from diarkit_contracts.clauses.need import MIX, RANGE, SOUND, TRUTH
from diarkit_contracts.clauses.parameters import read_range, renumbers
from diarkit_contracts.exchanges.exchange import Sound
from diarkit_contracts.exchanges.history import History, Look, Start
from diarkit_fixtures.score.der import score
from diarkit_fixtures.segments import Segments, count_speakers, crop

WORST_DER: Final = 0.5
"""INF: an answer that is wrong for at least half of the speech belongs to another recording, or to none."""

LEAST_ALONE: Final = 50
"""INF: a speaker with less non-overlapped speech than this may be inaudible in a mix. Centiseconds."""

PROTO: Final = "speaker_diarization.proto (gRPC, 2.13 and later)"
MIXED: Final = "media_processing.proto (gRPC, 2.30): the channels become one"
TECHNIQUE: Final = "technology page, 3.3.0: voice activity first, then who speaks"


@clause(
    "audio.silence-is-empty",
    inferred(f"{TECHNIQUE}; reference page of GET, 3.6.0: the list is empty if no speaker is found"),
    f"{IN_CHANNEL}/properties/segments",
    SOUND,
)
def _silence_is_empty(history: History) -> Iterator[Observation]:
    """A silent channel has no segments."""
    for look, _, sound, channel in _list_channels(history):
        if not sound.loud[channel.number]:
            expected, came = f"no segment in channel {channel.number}, which is silent", len(channel.segments)
            yield observe(look.at, met=came == 0, expected=expected, got=count(came, "segment"))


@clause("audio.short-is-empty", inferred(PROTO), f"{IN_CHANNEL}/properties/segments", SOUND)
def _short_is_empty(history: History) -> Iterator[Observation]:
    """Audio under 0.8 s has no segments."""
    for look, start, channels in history.known_results():
        if start.sound is not None and start.sound.seconds < SHORTEST_S:
            came = count_segments(channels)
            expected = f"no segment for {start.sound.seconds:.2f} s of audio"
            yield observe(look.at, met=came == 0, expected=expected, got=count(came, "segment"))


@clause("audio.speakers", inferred(TECHNIQUE), f"{IN_CHANNEL}/properties/speakers_count", TRUTH)
def _speakers(history: History) -> Iterator[Observation]:
    """The number of speakers found in a channel is the number of those who speak in it."""
    for look, truth, channel in _list_truths(history):
        speakers = count_speakers(truth)
        expected = f"{count(speakers, 'speaker')} in channel {channel.number}"
        yield observe(look.at, met=channel.speakers == speakers, expected=expected, got=channel.speakers)


@clause(
    "audio.mix-speakers",
    inferred(f"{MIXED}; {TECHNIQUE}: voices are segments apart, whichever channel they come from"),
    "components/parameters/ChannelMode",
    MIX,
    TRUTH,
)
def _mix_speakers(history: History) -> Iterator[Observation]:
    """The number of speakers found in a mix is that of its channels, not counting those who hardly ever speak alone."""
    for look, start, channels in history.known_results():
        truth = _read_mixed(start)
        if truth is not None and len(channels) == 1:
            alone = measure_alone(truth)
            least, most = sum(time >= LEAST_ALONE for time in alone.values()), len(alone)
            came = channels[0].speakers
            wanted = count(most, "speaker") if least == most else f"{least} to {most} speakers"
            expected = f"{wanted} in a mix of {count(len(truth), 'channel')}"
            yield observe(look.at, met=least <= came <= most, expected=expected, got=came)


@clause("audio.error-rate", inferred(TECHNIQUE), f"{IN_CHANNEL}/properties/segments", TRUTH)
def _error_rate(history: History) -> Iterator[Observation]:
    """The answer matches the recording: its diarization error rate is below 50 %."""
    for look, truth, channel in _list_truths(history):
        if truth:
            der = score(truth, read_segments(channel)).der
            expected = f"a diarization error rate below {WORST_DER:.0%} in channel {channel.number}"
            yield observe(look.at, met=der < WORST_DER, expected=expected, got=f"{der:.1%}")


@clause(
    "audio.range-error-rate",
    inferred(f"{TECHNIQUE}; reference page of POST, 3.6.0, for the range"),
    f"{IN_CHANNEL}/properties/segments",
    RANGE,
    TRUTH,
)
def _range_error_rate(history: History) -> Iterator[Observation]:
    """The answer for a range matches that part of the recording: its diarization error rate is below 50 %."""
    for look, start, sound, channel in _list_channels(history):
        part = _read_part(start, sound)
        if part is None or sound.truth is None or is_limited(start):
            continue
        truth = crop(sound.truth[channel.number], *part)
        if truth:
            # UNK whether times are relative to the file or the range: the better of the two counts.
            der = min(score(truth, read_segments(channel, shift)).der for shift in (0, part[0]))
            expected = f"a diarization error rate below {WORST_DER:.0%} in that part of channel {channel.number}"
            yield observe(look.at, met=der < WORST_DER, expected=expected, got=f"{der:.1%}")


def _read_mixed(start: Start) -> list[Segments] | None:
    """Read the truth of each channel of a mix; None if unknown, or if other parameters change it."""
    sound = start.sound
    if start.mode != "mix" or start.channels is None or is_limited(start) or sound is None or sound.truth is None:
        return None
    numbers = start.channels or list(range(sound.channels))
    if len(set(numbers)) < len(numbers) or max(numbers) >= sound.channels:
        return None
    truth = [sound.truth[number] for number in numbers]
    if not CHANGING & set(start.query):
        return truth
    part = _read_part(start, sound)
    return None if part is None else [crop(segments, *part) for segments in truth]


def _read_part(start: Start, sound: Sound) -> tuple[int, int] | None:
    """Read the range in centiseconds, cropped to the recording; None without one, or if it is too short for speakers."""
    bounds = read_range(start)
    if bounds is None:
        return None
    first, last = round(bounds[0] * 100), round(min(bounds[1], sound.seconds) * 100)
    return (first, last) if last - first >= SHORTEST_S * 100 else None


def _list_channels(history: History) -> Iterator[tuple[Look, Start, Sound, ReportedChannel]]:
    """List the channels of split results that the file has, except selected ones of a server that renumbers them."""
    is_known = not renumbers(history)
    for look, start, channels in history.known_results():
        if not is_known and start.query.get("channels"):
            continue
        if start.sound is not None and start.mode == "split":
            for channel in channels:
                if channel.number < start.sound.channels:
                    yield look, start, start.sound, channel


def _list_truths(history: History) -> Iterator[tuple[Look, Segments, ReportedChannel]]:
    """List the channels with known truth that no parameter changes."""
    for look, start, _, channel in _list_channels(history):
        truth = read_truth(start)
        if truth is not None:
            yield look, truth[channel.number], channel
