"""The names that users may import. Who takes one away breaks somebody's tests: it belongs into the changelog."""

from __future__ import annotations

import importlib
import inspect

import pytest

PUBLIC = {
    "diarkit_fixtures.segments": {
        "SHORTEST", "Channels", "Segment", "SegmentError", "Segments", "count_speakers", "crop", "cut_overlaps", "list_faults",
        "merge_touching", "number_by_appearance", "sort_segments",
    },
    "diarkit_fixtures.draws": {"Draws", "KeyPart", "hash_key", "scramble"},
    "diarkit_fixtures.wav.file": {
        "WRITTEN", "CodecError", "Encoding", "Shape", "WavError", "WavFacts", "WavReader", "is_wav", "read_usual", "write_wav", "write_wav_head",
    },
    "diarkit_fixtures.seconds": {
        "Turn", "draw_conversation", "from_pyannote", "list_turns", "make_rules", "make_segments", "score", "to_pyannote",
    },
    "diarkit_contracts.diarization": {"DiarizationError", "assert_diarization", "read_result"},
    "diarkit_mockserver.strategies": {"scenarios"},
    "diarkit_mockserver.testing": {
        "ByPolls", "ByRealTime", "BySeconds", "ClockView", "ConductFinding", "ConfigPattern", "Course", "CourseLike",
        "DiarizationServer", "DiarizationServerFactory", "Dialect", "Drip", "Entry", "Fake", "Fault", "HttpAnswer", "HttpLike",
        "Latency", "Limits", "LiveServer", "LogNormal", "Matching", "Media", "Outage", "PollCounts", "Rate", "Rule", "Scenario", "ScenarioLike", "Segment", "SegmentLike",
        "SpokenSegment", "StateSeconds", "Submission", "TaskState", "TaskView", "Then", "UnavailableError", "When", "find_fake",
        "load_scenario", "parse_scenario", "read_course",
    },
}  # fmt: skip


@pytest.mark.parametrize("module", PUBLIC)
def test_a_public_face_offers_just_these_names(module: str) -> None:
    face = importlib.import_module(module)
    assert set(face.__all__) == PUBLIC[module]
    assert list(face.__all__) == sorted(
        face.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name)
    )
    for name in face.__all__:
        value = getattr(face, name)
        assert value.__doc__ if inspect.isclass(value) or inspect.isfunction(value) else True, (
            f"{module}.{name} says nothing"
        )


def test_all_that_a_signature_of_the_fixture_names_can_be_imported() -> None:
    """Who writes a helper around `respond` has to name the types of its arguments."""
    testing = importlib.import_module("diarkit_mockserver.testing")
    named: set[str] = set()
    for method in (
        "respond",
        "load",
        "set_faults",
        "clock",
        "tasks",
        "move",
        "journal",
        "submissions",
        "polls",
        "conduct",
    ):
        found = inspect.getattr_static(testing.DiarizationServer, method)
        function = found.fget if isinstance(found, property) else found
        for annotation in function.__annotations__.values():
            named |= {
                word
                for word in annotation.replace("[", " ").replace("]", " ").replace(",", " ").split()
                if word[0].isupper()
            }
    assert named - {"None", "Mapping", "Sequence", "Collection", "Path", "Literal", "Callable", "Unpack"} <= set(
        testing.__all__
    )
