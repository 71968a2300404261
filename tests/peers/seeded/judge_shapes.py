"""Hold the answers of a recording against an OpenAPI document with openapi-core: a command of its own, for a Python that has it.

    python judge_shapes.py recording.ndjson document.json

Prints a JSON list of the kinds of faults. What it has against a request is left out: many of ours are wrong on purpose.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

core: Any = importlib.import_module("openapi_core")  # not installed where types are checked
testing: Any = importlib.import_module("openapi_core.testing")


def main(recording: str, document: str) -> None:
    api = core.OpenAPI.from_file_path(document)
    kinds: dict[str, None] = {}
    for line in Path(recording).read_text(encoding="utf-8").split("\n")[1:]:
        if line:
            exchange: dict[str, Any] = json.loads(line)
            kinds |= dict.fromkeys(list_faults(api, exchange["request"], exchange["answer"]))
    json.dump(list(kinds), sys.stdout)


def list_faults(api: Any, asked: dict[str, Any], told: dict[str, Any]) -> list[str]:
    """List the kinds of faults of one answer; none for a request that the document does not have."""
    url = urlsplit(str(asked["url"]))
    body = told["body"].get("text", "").encode()
    headers = {name: value for name, value in told["headers"] if name.lower() != "content-type"}
    kind = next((value for name, value in told["headers"] if name.lower() == "content-type"), "")
    request = testing.MockRequest(
        f"{url.scheme}://{url.netloc}", asked["method"].lower(), url.path, args=dict(parse_qsl(url.query))
    )
    response = testing.MockResponse(body, status_code=told["status"], headers=headers, content_type=kind)
    kinds: list[str] = []
    for error in api.iter_response_errors(request, response):
        names = list(list_causes(error))
        if names[0] in {"PathNotFound", "OperationNotFound"}:
            continue
        kinds.append(f"{asked['method']} {' < '.join(names)}"[:120])
    return kinds


def list_causes(error: BaseException | None) -> Iterator[str]:
    """List an error and its causes by name."""
    while error is not None:
        yield type(error).__name__
        error = error.__cause__


if __name__ == "__main__":
    main(*sys.argv[1:])
