from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request
from diarkit_contracts.exchanges.recording import write_recording
from diarkit_contracts.runs.checking import ContractError, DiarizationContract

if TYPE_CHECKING:
    from pathlib import Path

COUNT = {b'"speakers_count": 2': b'"speakers_count": 3'}


@pytest.fixture
def contract() -> DiarizationContract:
    return DiarizationContract()


def test_exchanges_that_keep_the_contract_pass(contract: DiarizationContract, verify_stub: Any) -> None:
    contract.check(verify_stub().exchanges)


def test_exchanges_that_break_it_raise_one_error_with_all_findings(
    contract: DiarizationContract, verify_stub: Any
) -> None:
    with pytest.raises(AssertionError) as caught:
        contract.check(verify_stub({**COUNT, b'"start_time": 0.': b'"start_time": 90.'}).exchanges)
    assert isinstance(caught.value, ContractError)
    broken = {each.clause.id for each in caught.value.findings}
    assert {"result.count-is-ids", "result.end-after-start"} <= broken
    text = str(caught.value)
    assert text.startswith("http://stub:8000 violates the contract (generation 3.6):\n\nerror: ")
    assert all(f"error: {clause}" in text for clause in broken)
    assert all(f"seen      {each.fault.got}" in text for each in caught.value.findings)


def test_a_recording_is_checked_by_its_path(contract: DiarizationContract, verify_stub: Any, tmp_path: Path) -> None:
    file = tmp_path / "run.ndjson"
    file.write_text("".join(write_recording(verify_stub(COUNT).exchanges)), encoding="utf-8")
    for path in (file, str(file)):
        with pytest.raises(ContractError):
            contract.check(path)


def test_a_warning_raises_only_if_asked_to(contract: DiarizationContract, verify_stub: Any) -> None:
    exchanges = verify_stub({b'"resource.not-found"': b'"request.invalid"'}).exchanges
    contract.check(exchanges)
    contract.fail_on = "warning"
    with pytest.raises(ContractError, match=r"refusal\.type-of-status"):
        contract.check(exchanges)


def test_another_generation_is_another_contract(contract: DiarizationContract, verify_stub: Any) -> None:
    exchanges = verify_stub(None, "row-05").exchanges  # in which nobody is found
    contract.profile, contract.fail_on = "3.5", "warning"  # its page was corrected by the next one
    with pytest.raises(ContractError, match="speakers_count"):
        contract.check(exchanges)
    contract.profile = "9"
    with pytest.raises(ValueError, match=r"expected a profile: .*3\.6"):
        contract.check(exchanges)


def test_the_generation_is_that_of_the_version_that_was_reported(
    contract: DiarizationContract, verify_stub: Any
) -> None:
    contract.fail_on = "warning"
    unknown = verify_stub(None, "row-01").exchanges
    info = Request(method="GET", url="http://stub:8000/api/system/info")
    told = Answer(status=200, headers=(("Content-Type", "application/json"),), body=b'{"version": "5.0.0"}')
    exchanges = [Exchange(info, told), *unknown]
    with pytest.raises(ContractError, match=r"\(generation 5\.0\)[^(]*shape\.headers"):
        contract.check(exchanges)
    contract.check(unknown)  # held against the usual one
    contract.profile = "5.0"
    with pytest.raises(ContractError, match=r"shape\.headers"):
        contract.check(unknown)


def test_servers_are_judged_one_by_one(contract: DiarizationContract, verify_stub: Any) -> None:
    """The same task on two servers is no id that came twice."""
    exchanges = verify_stub(None, "row-01").exchanges
    other = [
        replace(
            each,
            request=replace(each.request, url=each.request.url.replace("stub", "other")),
            answer=replace(
                each.answer,
                headers=tuple((name, value.replace("stub", "other")) for name, value in each.answer.headers),
            ),
        )
        for each in exchanges
    ]
    contract.check([*exchanges, *other])


@pytest.mark.parametrize("kept", [0, 1])
def test_nothing_of_the_api_is_no_pass(contract: DiarizationContract, verify_stub: Any, kept: int) -> None:
    (one, *_) = verify_stub(None, "bad-01").exchanges
    elsewhere = replace(one, request=replace(one.request, url="http://stub:8000/metrics"))
    with pytest.raises(ContractError, match=f"got {kept} exchange"):
        contract.check([elsewhere][:kept])


def test_watched_traffic_is_judged_once_at_the_end(contract: DiarizationContract, diarization_server: Any) -> None:
    with httpx.Client() as client:
        assert contract.watch(client) is client
        client.get(diarization_server.url + "/api/system/info")
        assert len(contract.exchanges) == 1
        contract.close()
        assert (contract.exchanges, client.event_hooks) == ((), {"request": [], "response": []})
        contract.close()


def test_dropped_traffic_is_not_judged(contract: DiarizationContract) -> None:
    with httpx.Client() as client:
        contract.watch(client)
        contract.drop()
        contract.close()
        assert client.event_hooks == {"request": [], "response": []}
