"""`python tests/house/documents.py FOLDER`: the contract document of each generation as a file, for linters. Knows no linter."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from diarkit_contracts.api.generation_document import make_document
from diarkit_contracts.api.points import SERVED
from diarkit_contracts.api.profiles import PROFILES


def write_documents(folder: Path) -> None:
    """Write a file for each generation that is served."""
    for name in SERVED:
        text = json.dumps(make_document(PROFILES[name]), indent=2, ensure_ascii=False)
        (folder / f"{name}.json").write_text(text, "utf-8")


if __name__ == "__main__":
    write_documents(Path(sys.argv[1]))
