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
    "TaskInfo", "TaskStarted", "SpeakerDiarizationTask", "SpeakerDiarizationResult",
    "SpeakerDiarizationChannel", "SpeakerDiarizationSegment", "TaskErrorResult", "ErrorResult", "ErrorDetail", "SystemInfo",
)  # fmt: skip


class Form(StrEnum):
    """A form of the contract.

    PUBLISHED: as it is. CLOSED: the same, and no other field in an answer.
    """

    PUBLISHED = "published"
    CLOSED = "closed"


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
    path = folder / f"{form}.openapi.json"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return path
