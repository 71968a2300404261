"""What tests import, under one name. Decides nothing.

`DiarizationServer` is the fake, which can be told what to answer and asked what it saw. `LiveServer` is any other server at a
URL: what can't be told or asked there ends in `UnavailableError`, which the pytest plugin turns into a skip.
"""

from __future__ import annotations

from diarkit_mockserver.harness.fake import DiarizationServerFactory, Fake, find_fake
from diarkit_mockserver.harness.live import LiveServer, UnavailableError
from diarkit_mockserver.harness.server import DiarizationServer
from diarkit_mockserver.scenario.shorthand import CourseLike, SegmentLike, read_course

__all__ = [
    "CourseLike",
    "DiarizationServer",
    "DiarizationServerFactory",
    "Fake",
    "LiveServer",
    "SegmentLike",
    "UnavailableError",
    "find_fake",
    "read_course",
]
