from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PEER = Path(__file__).parents[2] / "peers" / "generators_table.py"
NEEDED = ("npm", "openapi-generator-cli", "datamodel-codegen")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(
    not all(map(shutil.which, NEEDED)),
    reason="clients are generated where npm and `pip install --group generators` are",
)
def test_clients_that_are_generated_work() -> None:
    pytest.importorskip("mypy", reason="mypy type-checks what is generated")
    done = subprocess.run([sys.executable, str(PEER)], capture_output=True, text=True, check=False)
    if "npm" in done.stderr and not done.stdout:
        pytest.skip(f"npm fetches nothing here: {done.stderr.splitlines()[-1]}")
    rows = dict(re.findall(r"^(\S.{35}) (works|generated|not tried|FAILS)", done.stdout, re.MULTILINE))
    assert len(rows) == 8, done.stdout + done.stderr
    assert "FAILS" not in rows.values(), done.stdout
