"""The fake platform: a deterministic server of the Speaker Diarization API."""
