from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from diarkit_contracts.api.document import load_document
from diarkit_contracts.api.generation_document import make_document
from diarkit_contracts.api.profiles import DEFAULT, PROFILES

NEWEST = PROFILES["5.0"]


def list_statuses(document: Any) -> dict[str, set[int]]:
    return {
        f"{method.upper()} {path}": set(map(int, operation["responses"]))
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def test_the_usual_generation_is_the_document_as_it_was_written() -> None:
    assert make_document(DEFAULT) == load_document()


@pytest.mark.parametrize("name", PROFILES)
def test_the_document_of_each_generation_is_valid_and_its_examples_fit(name: str) -> None:
    document = make_document(PROFILES[name])
    validate(document)
    for response in document["components"]["responses"].values():
        for content in response.get("content", {}).values():
            whole = {**content["schema"], "components": document["components"]}
            for example in content["examples"].values():
                assert not list(Draft202012Validator(whole).iter_errors(example["value"]))  # pyright: ignore[reportUnknownMemberType]


@pytest.mark.parametrize("name", PROFILES)
def test_it_declares_what_a_server_of_the_generation_is_judged_by(name: str) -> None:
    profile = PROFILES[name]
    document = make_document(profile)
    assert list_statuses(document) == profile.statuses
    assert document["info"]["version"] == profile["version"]
    headers = document["components"]["responses"]["TaskAccepted"]["headers"]
    assert tuple(headers) == profile.locations
    states = document["components"]["schemas"]["TaskInfoState"]["enum"]
    assert set(states[5:]) == profile.passing


def test_nothing_is_left_that_nothing_refers_to() -> None:
    components = make_document(NEWEST)["components"]
    assert "RateLimitExceeded" not in components["responses"]
    assert set(components["headers"]) == {"Location", "XLocation"}
    assert components["headers"]["XLocation"]["deprecated"] is True


def test_a_cancelled_task_fits_the_newest_document_alone() -> None:
    body = {"task": {"task_id": "123e4567-e89b-12d3-a456-426614174000", "state": "cancelled"}}
    for document, fits in ((make_document(NEWEST), True), (make_document(DEFAULT), False)):
        schema = {
            "$ref": "#/components/schemas/SpeakerDiarizationTask",
            "components": document["components"],
        }
        assert Draft202012Validator(schema).is_valid(body) is fits


def test_a_status_that_a_dialect_chooses_is_declared() -> None:
    profile = DEFAULT.overlay({"too_slow": 408}, "a test")
    document = make_document(profile)
    validate(document)
    assert "408" in document["paths"]["/api/technology/speaker-diarization"]["post"]["responses"]


def test_what_is_laid_over_says_how_it_is_known() -> None:
    components = make_document(NEWEST)["components"]
    assert components["headers"]["Location"]["x-evidence"]["label"] == "INF"
    assert components["schemas"]["TaskInfoState"]["x-evidence"]["label"] == "DOC"
