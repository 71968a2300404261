"""Common prefixes of the document paths that clauses and rules refer to."""

from __future__ import annotations

from typing import Final

START: Final = "paths//api/technology/speaker-diarization/post"
GET: Final = "paths//api/technology/speaker-diarization/{task_id}/get"
SCHEMAS: Final = "components/schemas"
IN_CHANNEL: Final = f"{SCHEMAS}/SpeakerDiarizationChannel"
IN_SEGMENT: Final = f"{SCHEMAS}/SpeakerDiarizationSegment/properties"
"""Paths of keys in the document."""
