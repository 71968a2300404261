"""The fake platform: a deterministic server of the Speaker Diarization API.

Public: `diarkit_mockserver.testing` has the names for tests, `diarkit_mockserver.strategies` generates scenarios with Hypothesis.
"""
