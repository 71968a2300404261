"""The contract in the forms that other tools are given. Knows no tool.

They get more than we do: closed answers, so that a field that is not in the document is one that they may not see.
"""

from __future__ import annotations

import copy
import json
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from diarkit_contracts.api.document import load_document

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS = (
    "TaskInfo", "TaskStarted", "PendingTask", "RunningTask", "DoneTask", "FailedTask", "RejectedTask", "SpeakerDiarizationResult",
    "SpeakerDiarizationChannel", "SpeakerDiarizationSegment", "TaskErrorResult", "ErrorResult", "ErrorDetail", "SystemInfo",
)  # fmt: skip


class Form(StrEnum):
    """A form of the contract.

    PUBLISHED: as it is. CLOSED: the same, and no other field in an answer. ONE: closed, and one schema for all states, as the
    vendor's page lists the fields and as most frameworks would write it.
    """

    PUBLISHED = "published"
    CLOSED = "closed"
    ONE = "one-schema"


def write_document(form: Form, folder: Path) -> Path:
    """Write the contract.

    Args:
        form: which one.
        folder: where to.
    """
    document: Any = copy.deepcopy(load_document())
    schemas = document["components"]["schemas"]
    if form is not Form.PUBLISHED:
        for name in ANSWERS:
            schemas[name]["additionalProperties"] = False
            task = schemas[name].get("properties", {}).get("task", {})
            if "properties" in task:
                task["additionalProperties"] = False
    if form is Form.ONE:
        schemas["SpeakerDiarizationTask"] = {
            "type": "object",
            "required": ["task"],
            "additionalProperties": False,
            "properties": {
                "task": {"$ref": "#/components/schemas/TaskInfo"},
                "result": {"anyOf": [{"$ref": "#/components/schemas/SpeakerDiarizationResult"}, {"type": "null"}]},
                "error": {"anyOf": [{"$ref": "#/components/schemas/TaskErrorResult"}, {"type": "null"}]},
            },
        }
    path = folder / f"{form}.openapi.json"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path
