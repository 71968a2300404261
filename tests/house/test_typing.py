"""What the fixture takes at run time, the type checker of a user takes too; and what it gives has a type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mypy import api

if TYPE_CHECKING:
    from pathlib import Path

A_USERS_TEST = """
from pathlib import Path

from diarkit_contracts.diarization import assert_diarization, read_result
from diarkit_mockserver.strategies import scenarios
from diarkit_mockserver.testing import (
    Course, CourseLike, DiarizationServer, Entry, Fake, Fault, HttpAnswer, Scenario, SegmentLike, Submission, TaskView,
)

SLOWLY: CourseLike = {"polls": {"pending": 1, "running": 2}}


def play(server: DiarizationServer, course: CourseLike, *segments: SegmentLike) -> str:
    server.respond(segments=[list(segments)], course=course)
    return server.url


def test(diarization_server: DiarizationServer, tmp_path: Path) -> None:
    result = {"channels": [{"channel_number": 0, "speakers_count": 0, "segments": []}]}
    diarization_server.respond(result=result)
    diarization_server.respond(segments=[[(0, 0.5, 2.25), (1, 2.25, 4.0)], []])
    diarization_server.respond(segments=[[{"speaker_id": 0, "start_time": 0.5, "end_time": 1}]])
    diarization_server.respond(segments=[[[0, 0.5, 2.25]]], config={"max_speakers": 2})
    diarization_server.respond(speakers=2, course={"realtime_factor": 60, "workers": 2}, times=2)
    diarization_server.respond(http=HttpAnswer(status=503, on="poll"), filename="*.wav")
    diarization_server.respond(http=429, course=SLOWLY)
    diarization_server.respond(rttm=tmp_path / "truth.rttm", der=0.1, course="immediate")
    diarization_server.set_faults(Fault(on="poll", ordinal=(2,), http=503))
    diarization_server.load(Scenario(seed=1))
    play(diarization_server, "manual", (0, 0.0, 1.0), [1, 1.0, 2.0])
    entries: tuple[Entry, ...] = diarization_server.journal
    sent: tuple[Submission, ...] = diarization_server.submissions
    tasks: tuple[TaskView, ...] = diarization_server.tasks
    course: Course = "immediate"
    assert entries and sent and tasks and course
    with Fake().world() as other:
        assert other.url
    assert read_result({}) or scenarios()
    assert_diarization({}, (), der=0.1)
"""


@pytest.mark.slow
def test_a_users_test_type_checks(tmp_path: Path) -> None:
    file = tmp_path / "test_mine.py"
    file.write_text(A_USERS_TEST, encoding="utf-8")
    out, _, status = api.run(["--strict", "--no-incremental", "--config-file", "", str(file)])
    assert status == 0, out
