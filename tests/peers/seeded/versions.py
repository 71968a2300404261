"""Which tools stand in the table, with their versions. Runs none of them."""

from __future__ import annotations

import json
import platform
import subprocess
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

OURS = ("diarkit", "schemathesis", "hypothesis", "fastapi")
NPM = ("@stoplight/prism-cli", "@redocly/cli")
ASK = "from importlib.metadata import version; print(version('openapi-core'))"


def list_versions(npm: Path, openapi_core: Path) -> tuple[str, ...]:
    """List tools with their versions.

    Args:
        npm: folder of the commands.
        openapi_core: a Python that has it.
    """
    asked = subprocess.run([str(openapi_core), "-c", ASK], capture_output=True, text=True, check=True)
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    packages = [(name, json.loads((npm.parent / name / "package.json").read_text())["version"]) for name in NPM]
    return (
        f"Python {platform.python_version()}",
        *(f"{name} {version(name)}" for name in OURS),
        f"openapi-core {asked.stdout.strip()}",
        f"Node.js {node.stdout.strip().removeprefix('v')}",
        *(f"{name} {found}" for name, found in packages),
    )
