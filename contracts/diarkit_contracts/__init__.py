"""The Speaker Diarization API as data and as checks. Knows HTTP exchanges, not our server."""
