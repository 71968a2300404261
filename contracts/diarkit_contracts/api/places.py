"""Places in the contract document: how the paths of keys begin by which clauses and rules say where they are written. Reads nothing."""

from __future__ import annotations

from typing import Final

START: Final = "paths//api/technology/speaker-diarization/post"
GET: Final = "paths//api/technology/speaker-diarization/{task_id}/get"
SCHEMAS: Final = "components/schemas"
IN_CHANNEL: Final = f"{SCHEMAS}/SpeakerDiarizationChannel"
IN_SEGMENT: Final = f"{SCHEMAS}/SpeakerDiarizationSegment/properties"
"""Beginnings of places in the document, each a path of keys."""
