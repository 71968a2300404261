from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from diarkit_contracts.exchanges.recording import read_recording, write_recording
from diarkit_contracts.rows.plan import list_rows, make_plan
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.runs.parity.matching import match_rows
from diarkit_contracts.runs.verify import verify_target
from diarkit_contracts.target.client import CAPS


@pytest.mark.parametrize("tier", [Tier.PROBE, Tier.LITE, Tier.FULL])
def test_the_rows_of_a_run_are_found_in_its_recording(make_target: Any, tmp_path: Any, tier: Tier) -> None:
    verdict = verify_target(make_plan(tier), make_target(caps=CAPS[tier]))
    path = tmp_path / "run.ndjson"
    path.write_text("".join(write_recording(verdict.exchanges)), encoding="utf-8")
    found = {row.name: row.at for row in match_rows(read_recording(path))}
    assert found == {row.name: tuple(sorted(row.at)) for row in verdict.rows}


def test_a_prefix_of_the_path_does_not_matter_and_other_requests_are_left_out(verify_stub: Any) -> None:
    exchanges = verify_stub(None, "row-01", "bad-01").exchanges
    moved = [
        replace(each, request=replace(each.request, url=each.request.url.replace("/api/", "/gateway/api/")))
        for each in exchanges
    ]
    other = replace(exchanges[0], request=replace(exchanges[0].request, url="http://stub:8000/other"))
    assert [row.name.partition("[")[0] for row in match_rows([other, *moved])] == ["row-01", "bad-01"]
    assert match_rows([other]) == ()


def test_no_two_rows_are_the_same_request(make_target: Any) -> None:
    rows = [row for row in list_rows() if row.needs is None]
    assert len({(row.call.method, row.call.target, row.call.write_body()) for row in rows}) == len(rows)
