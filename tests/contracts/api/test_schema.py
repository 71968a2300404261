from __future__ import annotations

import pytest

from diarkit_contracts.api.schema import exceeds, list_faults

ID = "123e4567-e89b-12d3-a456-426614174000"


def make_done(**channel: object) -> dict[str, object]:
    fields = {"channel_number": 0, "speakers_count": 0, "segments": [], **channel}
    return {"task": {"task_id": ID, "state": "done"}, "result": {"channels": [fields]}}


def test_a_value_that_fits_has_no_fault() -> None:
    assert list_faults("SpeakerDiarizationTask", make_done()) == ()


def test_a_fault_names_the_place_and_the_reason() -> None:
    assert list_faults("SpeakerDiarizationResult", {"channels": 1}) == ("$.channels: 1 is not of type 'array'",)


def test_a_fault_inside_a_choice_is_that_of_the_nearest_schema() -> None:
    faults = list_faults("SpeakerDiarizationTask", make_done(speakers_count=-1))
    assert faults == ("$.result.channels[0].speakers_count: -1 is less than the minimum of 0",)


def test_every_fault_is_told() -> None:
    assert len(list_faults("SpeakerDiarizationChannel", {"channel_number": "0", "speakers_count": "0"})) == 3


def test_formats_count() -> None:
    assert list_faults("TaskInfo", {"task_id": "17", "state": "done"}) == ("$.task_id: '17' is not a 'uuid'",)


def test_a_schema_may_be_given_as_it_stands_in_the_document() -> None:
    assert not list_faults({"$ref": "#/components/schemas/TaskInfoState"}, "done")
    assert list_faults({"$ref": "#/components/schemas/TaskInfoState"}, "cancelled")


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(KeyError, match="has no schema 'Task'"):
        list_faults("Task", {})


@pytest.mark.parametrize(
    ("value", "count"), [(0, 1), ([], 1), ([[], {"a": [1, 2]}], 6), ({"a": {"b": {"c": None}}}, 4), ([0] * 50, 51)]
)
def test_how_many_values_there_are_is_counted_no_further_than_asked(value: object, count: int) -> None:
    assert [exceeds(value, most) for most in (0, count - 1, count, 100)] == [True, True, False, False]
