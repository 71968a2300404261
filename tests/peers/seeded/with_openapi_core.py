"""openapi-core over the answers that our tier full has got: the most that a validator of answers can see. Knows no mutant."""

from __future__ import annotations

import json
import os
import subprocess
from functools import partial
from pathlib import Path

from seeded.broken import AFTER_THREE_LOOKS
from seeded.cells import Column, Place, Said
from seeded.documents import Form, write_document
from seeded.with_ours import find_recording

JUDGE = Path(__file__).with_name("judge_shapes.py")
PATIENCE_S = 600


def judge_recording(place: Place, *, python: Path, form: Form) -> Said:
    """Judge what the tier full has recorded."""
    document = write_document(form, place.folder)
    # Another Python, with packages of its own.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [str(python), str(JUDGE), str(find_recording(place, "full")), str(document)]
    ended = subprocess.run(command, capture_output=True, timeout=PATIENCE_S, env=environment, check=True)
    return Said(errors=tuple(json.loads(ended.stdout)))


def make_columns(python: Path) -> tuple[Column, ...]:
    """Make the columns.

    Args:
        python: that has openapi-core.
    """
    return tuple(
        Column(
            key=key,
            about=f"openapi-core, told {schemas}, over the answers of VF",
            course=AFTER_THREE_LOOKS,
            run=partial(judge_recording, python=python, form=form),
        )
        for key, form, schemas in (("SO", Form.CLOSED, "one closed schema for all states"),)
    )
