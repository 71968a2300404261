"""The Speaker Diarization API as data and as checks. Knows HTTP exchanges, not our server.

Public: `diarkit_contracts.diarization` reads an answer as who speaks when, and asserts that it is as expected. The rest is behind the
commands `diarkit verify`, `parity` and `record`, and may change in any release.
"""
