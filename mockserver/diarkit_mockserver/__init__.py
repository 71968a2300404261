"""The fake platform: a deterministic server of the Speaker Diarization API.

Public: `diarkit_mockserver.testing` offers all that a test may name, `diarkit_mockserver.strategies` draws scenarios for Hypothesis.
"""
