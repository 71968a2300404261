"""The Speaker Diarization API as data and checks over HTTP exchanges. Independent of our server.

Public: `diarkit_contracts.diarization` reads the segments of an answer and asserts that they are as expected. The rest implements the
commands `diarkit verify`, `parity` and `record`, and may change in any release.
"""
