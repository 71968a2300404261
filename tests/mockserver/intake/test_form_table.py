from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

PEER = Path(__file__).parents[2] / "peers" / "form_table.py"


def load() -> Any:
    spec = importlib.util.spec_from_file_location("form_table", PEER)
    assert spec is not None
    assert spec.loader is not None
    sys.modules["form_table"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TABLE = load()
APP = TABLE.make_app()


# FastAPI leaves the temporary files of a form that is cut off to the collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("row", TABLE.ROWS, ids=lambda row: row.name)
def test_a_form_is_read_as_fastapi_reads_it_or_the_table_says_why_not(row: Any) -> None:
    theirs, ours = TABLE.ask_fastapi(APP, row), TABLE.ask_ours(row)
    assert (theirs != ours) == bool(row.why), (theirs, ours)
    assert ours == TABLE.ask_ours(row, 1) == TABLE.ask_ours(row, 7)


def test_the_table_is_as_it_was_printed() -> None:
    printed = PEER.with_suffix(".txt").read_text("utf-8")
    for row in TABLE.ROWS:
        assert f"\n{row.name} " in printed
    assert f"{len(TABLE.ROWS)} bodies" in printed
