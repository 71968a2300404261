"""Hooks for schemathesis: recordings where it would send random bytes, and no false alarm for them. Knows no server.

    SCHEMATHESIS_HOOKS=diarkit_contracts.runs.fuzz.media_hooks schemathesis run URL/openapi.json

Importing this file registers the hooks, since that is how schemathesis loads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import schemathesis
from hypothesis import strategies as st

from diarkit_contracts.api.schema import list_faults
from diarkit_fixtures.conversation.drawn import draw_conversation
from diarkit_fixtures.wav.file import write_wav

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLE_RATE_HZ: Final = 8_000


def make_recording(*, channels: int, length: int, loudness: int = 8_000) -> bytes:
    """Make a small WAV with its truth inside; the same arguments give the same bytes.

    Args:
        channels: how many.
        length: centiseconds.
        loudness: amplitude of the square wave on all channels; 0 is silence.
    """
    frames = length * SAMPLE_RATE_HZ // 100
    wave = np.where(np.arange(frames) // 20 % 2, loudness, -loudness).astype(np.int16)
    truth = tuple(draw_conversation("media-hooks", channel, length=length) for channel in range(channels))
    return write_wav(np.stack([wave] * channels, axis=1), SAMPLE_RATE_HZ, truth=truth if loudness else None)


FILES: Final[Mapping[str, bytes]] = {
    "mono": make_recording(channels=1, length=120),
    "stereo": make_recording(channels=2, length=90),
    "too short to hold a speaker": make_recording(channels=1, length=50),
    "silent": make_recording(channels=1, length=80, loudness=0),
    "no audio": b"not audio",
}
"""What is sent as `file`: kinds that end differently. Small, since a run sends hundreds."""


schemathesis.openapi.format("binary", st.sampled_from(tuple(FILES.values())))


@schemathesis.hook  # pyright: ignore[reportUnknownMemberType] # its own types are not complete
def filter_case(context: schemathesis.HookContext, case: schemathesis.Case[Any]) -> bool:  # noqa: ARG001 - schemathesis's signature
    """Drop a case that is meant to break the contract with a body that does not.

    schemathesis (4.32.5) takes each changed body that holds bytes for a broken one without looking: a renamed `total_speakers`
    counts as a missing one, though unknown keys are allowed.
    """
    body: object = case.body
    if case.meta is None or not isinstance(body, dict):
        return True
    meant_to_break = any(
        location.value == "body" and component.mode.is_negative for location, component in case.meta.components.items()
    )
    return not meant_to_break or not fits_contract(cast("dict[str, object]", body))


def fits_contract(parts: Mapping[str, object]) -> bool:
    """Tell whether the parts of an upload are as the contract wants them; the content of the file does not count.

    Args:
        parts: by name; a file is `bytes`, or what schemathesis wraps them in.
    """
    readable = {name: "" if isinstance(part, bytes) else part for name, part in parts.items()}
    return not list_faults("SpeakerDiarizationRequest", readable)
