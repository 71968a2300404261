"""The contract document of a generation: that of 3.6 with the overrides of the table of points.

Source:
    OpenAPI 3.1.1. Each override carries the evidence of its cell.
"""

from __future__ import annotations

import copy
import json
import re
from http import HTTPStatus
from typing import Any, Final

from diarkit_contracts.api.document import load_document
from diarkit_contracts.api.points import POINTS, START, Declares, Refuses, Sends, Shows, Value
from diarkit_contracts.api.profiles import Profile
from diarkit_contracts.api.states import ERROR_TYPE_OF_STATUS, ErrorType

Node = dict[str, Any]

SUMMARY: Final = "An independent description based on public documentation; not the vendor's file."
EXAMPLE: Final = "/api/technology/speaker-diarization/123e4567-e89b-12d3-a456-426614174000"
COMPONENTS: Final = "#/components/"
REFERENCE: Final = re.compile(r'"\$ref": "([^"]+)"')


def make_document(profile: Profile) -> Node:
    """Return a new document of a generation, with its overrides."""
    document: Node = copy.deepcopy(load_document())
    for point in POINTS:
        cell = profile.cells[point.key]
        value, evidence = cell.value, {"label": str(cell.label), "source": "later", "note": cell.source}
        match point.effect:
            case Declares(status=status, operations=operations):
                for operation in operations:
                    _declare(document, operation, status, evidence, wanted=value == "declared")
            case Refuses(operation=operation) if isinstance(value, int):
                _declare(document, operation, value, evidence, wanted=True)
            case Sends() as effect if value == "sent":
                _send(document, effect, evidence)
            case Shows(state=state) if value == "known":
                _show(document, state, evidence)
            case _:
                pass
    _name_version(document, profile["version"])
    _drop_unused(document)
    return document


def _find(document: Node, operation: str) -> Node:
    method, _, path = operation.partition(" ")
    found: Node = document["paths"][path][method.lower()]
    return found


def _declare(document: Node, operation: str, status: int, evidence: Node, *, wanted: bool) -> None:
    responses: Node = _find(document, operation)["responses"]
    if not wanted:
        responses.pop(str(status), None)
    elif str(status) not in responses:
        name = HTTPStatus(status).phrase.title().replace(" ", "")
        kind = ERROR_TYPE_OF_STATUS.get(status, ErrorType.INVALID)
        document["components"]["responses"][name] = {
            "description": f"{HTTPStatus(status).phrase}.",
            "x-evidence": evidence,
            "content": {
                "application/json": {
                    "schema": {"$ref": f"{COMPONENTS}schemas/ErrorResult"},
                    "examples": {"refused": {"value": {"type": str(kind), "message": "Not allowed.", "detail": []}}},
                }
            },
        }
        responses[str(status)] = {"$ref": f"{COMPONENTS}responses/{name}"}
        _find(document, operation)["responses"] = dict(sorted(responses.items()))


def _send(document: Node, effect: Sends, evidence: Node) -> None:
    components: Node = document["components"]
    accepted: Node = components["responses"][_find(document, START)["responses"]["202"]["$ref"].rpartition("/")[2]]
    name = effect.header.replace("-", "")
    if effect.leads:
        former: Node = components["headers"]["XLocation"]
        components["headers"][name] = {**former, "x-evidence": evidence}
        former.update(required=False, deprecated=True)
        accepted["description"] = f"The task is accepted and pending. Poll the URL in {effect.header}."
    else:
        example = effect.text.replace("{task}", EXAMPLE)
        components["headers"][name] = {
            "description": f"{effect.header}.", "required": True, "x-evidence": evidence,
            "schema": {"type": "string"}, "example": example,
        }  # fmt: skip
    accepted["headers"] = {effect.header: {"$ref": f"{COMPONENTS}headers/{name}"}, **accepted["headers"]}


def _show(document: Node, state: str, evidence: Node) -> None:
    """Add a non-terminal state, whose task looks like a running one."""
    components: Node = document["components"]
    states: Node = components["schemas"]["TaskInfoState"]
    description = "The state of a task. Rejected, failed and done are terminal."
    states.update({"description": description, "enum": [*states["enum"], state], "x-evidence": evidence})
    examples: Node = components["responses"]["TaskResult"]["content"]["application/json"]["examples"]
    task_id: str = examples["running"]["value"]["task"]["task_id"]
    written = json.dumps(examples["running"]).replace('"running"', json.dumps(state))
    examples[state] = json.loads(written.replace(task_id, f"{task_id[:-1]}{len(examples)}"))


def _name_version(document: Node, version: Value) -> None:
    document["info"]["version"] = version
    if version != load_document()["info"]["version"]:  # type: ignore[index]  # the document is checked by its own tests
        document["info"]["description"] = SUMMARY
    info: Node = document["components"]["responses"]["SystemInfo"]["content"]["application/json"]["examples"]["version"]
    info["value"] = {"version": version}


def _drop_unused(document: Node) -> None:
    """Drop components that are no longer referenced, repeatedly."""
    components: Node = document["components"]
    while True:
        used = set(REFERENCE.findall(json.dumps(document)))
        unused = [
            (kind, name) for kind in components for name in components[kind] if f"{COMPONENTS}{kind}/{name}" not in used
        ]
        if not unused:
            return
        for kind, name in unused:
            del components[kind][name]
