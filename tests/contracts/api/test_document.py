"""The contract document against validators, its own examples, and bodies that it has to take or to refuse.

Longer than other files, as the table of those bodies stands here whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import validate

from diarkit_contracts.api import document
from diarkit_contracts.api.document import DOCUMENT, Operation, as_object, load_document, operations, resolve
from diarkit_contracts.api.schema import list_faults
from diarkit_contracts.api.states import ERROR_TYPE_OF_STATUS, ErrorType, TaskErrorType, TaskState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ID = "123e4567-e89b-12d3-a456-426614174000"
RESULT = {"channels": [{"channel_number": 0, "speakers_count": 0, "segments": []}]}
ERROR = {"type": "internal", "message": "Processing failed."}

# What the reference declares at 3.6.0: path, method, statuses, parameters beside the two identifying headers.
DECLARED = {
    ("POST", "/api/technology/speaker-diarization"): (
        (202, 400, 403, 413, 422, 429, 507),
        {("query", "channel_mode"), ("query", "channels"), ("query", "range_from"), ("query", "range_to")},
    ),
    ("GET", "/api/technology/speaker-diarization/{task_id}"): ((200, 400, 404, 422, 429), {("path", "task_id")}),
    ("GET", "/api/system/info"): ((200, 400, 422, 429), set[tuple[str, str]]()),
    ("GET", "/api/system/status"): ((200, 400, 422, 429), set[tuple[str, str]]()),
}
STATES = tuple(state for state in TaskState if state is not TaskState.CANCELLED)
IDENTIFYING = {("header", "x-request-id"), ("header", "x-correlation-id")}


def list_statuses(operation: Operation) -> tuple[int, ...]:
    return tuple(sorted(map(int, as_object(operation.body["responses"], ""))))


def list_parameters(operation: Operation) -> set[tuple[str, str]]:
    nodes: Any = operation.body.get("parameters", [])
    return {(str(node["in"]), str(node["name"])) for node in map(resolve, nodes)}


def list_clauses() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Everything of the document that must say where it is known from: (name, node)."""
    whole: dict[str, Any] = load_document()
    yield "document", whole
    for operation in operations():
        yield str(operation.body["operationId"]), operation.body
    for kind in ("parameters", "headers", "responses", "schemas"):
        for name, node in whole["components"][kind].items():
            yield f"{kind}.{name}", node
    yield from list_properties("schemas", whole["components"]["schemas"])


def list_properties(name: str, node: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "properties":
                # Generators of clients take a reference for what it names only if nothing stands beside it.
                yield from (
                    (f"{name}.{key}", part if "x-evidence" in part else resolve(part)) for key, part in value.items()
                )
            yield from list_properties(f"{name}.{key}", value)


def list_examples() -> Iterator[tuple[str, Mapping[str, Any], object]]:
    """Each example of the document with its schema: (name, schema, value)."""
    components: dict[str, Any] = as_object(load_document()["components"], "components")
    for kind in ("parameters", "headers"):
        for name, node in components[kind].items():
            if "example" in node:
                yield f"{kind}.{name}", node["schema"], node["example"]
            for key, example in node.get("examples", {}).items():
                yield f"{kind}.{name}.{key}", node["schema"], example["value"]
    for name, node in components["responses"].items():
        for media in node.get("content", {}).values():
            for key, example in media["examples"].items():
                yield f"responses.{name}.{key}", media["schema"], example["value"]
    for name, node in components["schemas"].items():
        for index, example in enumerate(node.get("examples", [])):
            yield f"schemas.{name}.{index}", node, example


def with_state(state: str, **fields: object) -> dict[str, object]:
    return {"task": {"task_id": ID, "state": state}, **fields}


def with_segment(**fields: object) -> dict[str, object]:
    segment = {"speaker_id": 0, "start_time": 1.5, "end_time": 2, **fields}
    return {"channels": [{"channel_number": 0, "speakers_count": 1, "segments": [segment]}]}


def test_it_is_openapi_3_1() -> None:
    validate(load_document())
    assert load_document()["openapi"] == "3.1.0"


def test_it_is_pinned_to_one_version_and_to_no_host() -> None:
    whole: dict[str, Any] = load_document()
    assert whole["info"]["version"] == "3.6.0"
    assert [server["url"] for server in whole["servers"]] == ["/"]


def test_it_is_read_once() -> None:
    assert load_document() is load_document()


def test_the_yaml_is_packaged_beside_the_code() -> None:
    assert DOCUMENT.is_file()


def test_the_operations_are_those_of_the_reference_with_its_statuses_and_parameters() -> None:
    found = {
        (each.method, each.path): (list_statuses(each), list_parameters(each) - IDENTIFYING) for each in operations()
    }
    assert found == DECLARED


def test_every_operation_takes_both_identifying_headers() -> None:
    assert all(list_parameters(each) >= IDENTIFYING for each in operations())


def test_an_operation_is_found_under_a_path_item_that_has_more_than_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    operation: dict[str, object] = {"operationId": "look", "responses": {"200": {}}}
    monkeypatch.setattr(document, "load_document", lambda: {"paths": {"/": {"summary": "root", "get": operation}}})
    found = operations.__wrapped__()
    assert [(each.method, each.path, each.body) for each in found] == [("GET", "/", operation)]


@pytest.mark.parametrize(("name", "node"), [pytest.param(*clause, id=clause[0]) for clause in list_clauses()])
def test_every_clause_says_where_it_is_known_from(name: str, node: Mapping[str, Any]) -> None:
    evidence = node["x-evidence"]
    sources = evidence["source"].split(", ")
    assert evidence["label"] in {"DOC", "INF", "UNK"}
    assert set(sources) <= set(as_object(load_document()["x-sources"], "x-sources"))
    assert set(evidence) <= {"label", "source", "note"}
    if evidence["label"] != "DOC":
        assert len(evidence["note"]) > 10, f"{name} is not documented and must give its reason"


def test_every_source_is_cited() -> None:
    cited = {source for _, node in list_clauses() for source in node["x-evidence"]["source"].split(", ")}
    assert cited == set(as_object(load_document()["x-sources"], "x-sources"))


@pytest.mark.parametrize(
    ("schema", "body"), [pytest.param(schema, body, id=name) for name, schema, body in list_examples()]
)
def test_every_example_fits_its_schema(schema: dict[str, Any], body: object) -> None:
    assert not list_faults(schema, body)


def test_every_answer_with_a_body_has_an_example() -> None:
    with_body = {
        name
        for name, node in as_object(as_object(load_document()["components"], "")["responses"], "").items()
        if "content" in as_object(node, name)
    }
    assert with_body == {name.split(".")[1] for name, _, _ in list_examples() if name.startswith("responses.")}


FITTING = [
    ("SpeakerDiarizationTask", with_state("pending")),
    ("SpeakerDiarizationTask", with_state("running", result=None)),
    ("SpeakerDiarizationTask", with_state("done", result=RESULT)),
    ("SpeakerDiarizationTask", with_state("done", result={"channels": []}, error=None)),
    ("SpeakerDiarizationTask", with_state("done", result=with_segment(start_time=0, end_time=0.01))),
    ("SpeakerDiarizationTask", with_state("failed", error={**ERROR, "detail": []})),
    ("SpeakerDiarizationTask", with_state("rejected", error={**ERROR, "type": "task.validation-error"}, result=None)),
    # What goes with which state is for the clauses (shape.schema, task.nothing-before-end).
    ("SpeakerDiarizationTask", with_state("pending", result=RESULT)),
    ("SpeakerDiarizationTask", with_state("running", error=ERROR)),
    ("SpeakerDiarizationTask", with_state("done")),
    ("SpeakerDiarizationTask", with_state("done", result=None)),
    ("SpeakerDiarizationTask", with_state("done", result=RESULT, error=ERROR)),
    ("SpeakerDiarizationTask", with_state("failed")),
    ("SpeakerDiarizationTask", with_state("failed", error=None)),
    ("SpeakerDiarizationTask", with_state("failed", error=ERROR, result=RESULT)),
    ("TaskStarted", with_state("pending")),
    ("TaskStarted", with_state("running")),
    ("ErrorResult", {"type": "request.invalid", "message": "Invalid request.", "detail": []}),
    ("ErrorResult", {"type": "request.invalid", "message": ""}),
    ("ErrorResult", {"type": "internal", "message": "", "detail": [{"location": ["body", 0], "context": {"ge": 1}}]}),
    ("ErrorResult", {"type": "internal", "message": "", "detail": [{"location": [], "context": {"among": ["a", 1]}}]}),
    ("SystemInfo", {"version": "3.6.0", "build": "x"}),
    ("SpeakerDiarizationConfig", {}),
    ("SpeakerDiarizationConfig", {"max_speakers": 1}),
    ("SpeakerDiarizationConfig", {"total_speakers": 100, "MAX_SPEAKERS": 3}),
    ("SpeakerDiarizationConfig", {"max_speaker": "unknown keys are ignored", "x_max_speakers": 2}),
]
UNFIT = [
    ("SpeakerDiarizationTask", {}),
    ("SpeakerDiarizationTask", {"result": RESULT}),
    ("SpeakerDiarizationTask", with_state("finished", result=RESULT)),
    ("SpeakerDiarizationTask", with_state("cancelled")),
    ("SpeakerDiarizationTask", with_state("done", result={})),
    ("SpeakerDiarizationTask", with_state("done", result=with_segment(start_time=-0.01))),
    ("SpeakerDiarizationTask", with_state("done", result=with_segment(end_time="2.0"))),
    ("SpeakerDiarizationTask", with_state("done", result=with_segment(speaker_id=-1))),
    ("SpeakerDiarizationTask", with_state("done", result=with_segment(speaker_id=0.5))),
    ("SpeakerDiarizationTask", with_state("done", result=with_segment(speaker_id=None))),
    ("SpeakerDiarizationTask", with_state("done", result={"channels": [{"channel_number": 0, "segments": []}]})),
    ("SpeakerDiarizationTask", with_state("failed", error={"type": "internal"})),
    ("SpeakerDiarizationTask", with_state("rejected", error={"message": "no type"})),
    ("SpeakerDiarizationTask", with_state("rejected", error={**ERROR, "type": "request.validation-error"})),
    ("SpeakerDiarizationTask", with_state("rejected", error={**ERROR, "detail": [{"message": "no location"}]})),
    ("SpeakerDiarizationTask", {"task": {"task_id": "17", "state": "pending"}}),
    ("SpeakerDiarizationTask", {"task": {"state": "pending"}}),
    ("TaskStarted", {"task_id": ID, "state": "pending"}),
    ("TaskStarted", with_state("accepted")),
    ("ErrorResult", {"detail": "Not Found"}),
    ("ErrorResult", {"type": "task.validation-error", "message": ""}),
    ("ErrorResult", {"type": "request.invalid", "message": None}),
    ("ErrorResult", {"type": "request.invalid", "message": "", "detail": {}}),
    ("ErrorResult", {"type": "request.invalid", "message": "", "detail": [{"location": "body"}]}),
    ("ErrorResult", {"type": "request.invalid", "message": "", "detail": [{"location": [None]}]}),
    ("SystemInfo", {}),
    ("SystemInfo", {"version": 3.6}),
    ("SpeakerDiarizationConfig", []),
    ("SpeakerDiarizationConfig", None),
    ("SpeakerDiarizationConfig", {"max_speakers": 0}),
    ("SpeakerDiarizationConfig", {"max_speakers": -1}),
    ("SpeakerDiarizationConfig", {"max_speakers": 1.5}),
    ("SpeakerDiarizationConfig", {"max_speakers": "1"}),
    ("SpeakerDiarizationConfig", {"max_speakers": True}),
    ("SpeakerDiarizationConfig", {"max_speakers": None}),
    ("SpeakerDiarizationConfig", {"total_speakers": 0}),
    ("SpeakerDiarizationConfig", {"max_speakers": 2, "total_speakers": 2}),
    ("SpeakerDiarizationConfig", {"max_speakers": 2, "total_speakers": None}),
]


@pytest.mark.parametrize(("schema", "body"), FITTING, ids=str)
def test_a_body_of_a_correct_server_or_client_fits(schema: str, body: object) -> None:
    assert not list_faults(schema, body)


@pytest.mark.parametrize(("schema", "body"), UNFIT, ids=str)
def test_a_body_that_breaks_the_contract_does_not_fit(schema: str, body: object) -> None:
    assert list_faults(schema, body)


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("ChannelMode", ["split", "mix"], ["", "MIX", "keep"]),
        ("Channels", ["", "0", "1,0", "00,12"], [",", "0,", ",1", "0, 1", "-1", "a", "0;1", "٣"]),
        ("RangeFrom", [0, 0.5, 7200], [-0.1, "0"]),
        ("RangeTo", [0, 0.5, 7200], [-0.1, "0"]),
        ("TaskId", [ID], ["17", ID[:-1], ""]),
    ],
)
def test_a_parameter_takes_its_values_and_no_others(parameter: str, good: list[object], bad: list[object]) -> None:
    schema = resolve({"$ref": f"#/components/parameters/{parameter}"})["schema"]
    assert [value for value in good if list_faults(schema, value)] == []
    assert [value for value in bad if not list_faults(schema, value)] == []


def test_its_words_are_those_of_the_tables() -> None:
    schemas: dict[str, Any] = as_object(as_object(load_document()["components"], "")["schemas"], "")
    assert schemas["TaskInfoState"]["enum"] == [state.value for state in STATES]
    assert schemas["TaskErrorType"]["enum"] == [kind.value for kind in TaskErrorType]
    assert schemas["ErrorType"]["enum"] == [kind.value for kind in ErrorType]


def test_the_error_examples_have_the_type_of_their_status() -> None:
    for operation in operations():
        for status in (status for status in list_statuses(operation) if status >= 400):
            response: dict[str, Any] = resolve(as_object(operation.body["responses"], "")[str(status)])
            for example in response["content"]["application/json"]["examples"].values():
                assert example["value"]["type"] == ERROR_TYPE_OF_STATUS[status]


def test_the_202_leads_to_the_task_and_the_task_to_itself() -> None:
    post, get = operations()[:2]
    accepted: dict[str, Any] = resolve(as_object(post.body["responses"], "")["202"])
    told: dict[str, Any] = resolve(as_object(get.body["responses"], "")["200"])
    links = [*accepted["links"].values(), *told["links"].values()]
    assert [link["operationId"] for link in links] == [get.body["operationId"]] * 2
    assert [link["parameters"]["task_id"] for link in links] == [
        "$response.body#/task/task_id",
        "$request.path.task_id",
    ]


def test_x_location_is_promised_with_every_202() -> None:
    accepted: dict[str, Any] = resolve({"$ref": "#/components/responses/TaskAccepted"})
    assert resolve(accepted["headers"]["X-Location"])["required"] is True


def test_a_refusal_for_rate_carries_the_four_headers() -> None:
    refused: dict[str, Any] = resolve({"$ref": "#/components/responses/RateLimitExceeded"})
    assert set(refused["headers"]) == {
        "Retry-After",
        "X-RateLimit-Limit",
        "X-RateLimit-Remaining",
        "X-RateLimit-Reset",
    }


def test_the_file_is_binary_for_generators_of_clients_and_of_tests() -> None:
    request: dict[str, Any] = resolve({"$ref": "#/components/schemas/SpeakerDiarizationRequest"})
    file = request["properties"]["file"]
    assert request["required"] == ["file"]
    assert (file["type"], file["format"], file["contentMediaType"]) == ("string", "binary", "application/octet-stream")


def test_a_reference_that_leads_nowhere_is_an_error() -> None:
    with pytest.raises(KeyError, match="Nowhere"):
        resolve({"$ref": "#/components/schemas/Nowhere"})


def test_a_reference_may_pass_through_a_path() -> None:
    found = resolve({"$ref": "#/paths/~1api~1system~1info/get"})
    assert found["operationId"] == "info_api_system_info_get"


@pytest.mark.parametrize("node", [None, [], "text", {1: "a"}])
def test_what_is_no_object_is_named_in_the_error(node: object) -> None:
    with pytest.raises(TypeError, match=r"paths of speaker_diarization\.openapi\.yaml must be an object"):
        as_object(node, "paths")
