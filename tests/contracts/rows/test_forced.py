from __future__ import annotations

from diarkit_contracts.api.profiles import Capability
from diarkit_contracts.rows.forced import make_forced


def test_there_is_one_row_for_each_capability() -> None:
    assert sorted(row.needs or "" for row in make_forced()) == sorted(Capability)
