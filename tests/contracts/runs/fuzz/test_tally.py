from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from diarkit_contracts.exchanges.exchange import Answer, Exchange, Loss, Lost, Request, describe_content
from diarkit_contracts.runs.fuzz.tally import Tally

URL = "http://platform.test/api/technology/speaker-diarization"
FIRST, SECOND = "3fa85f64-5717-4562-b3fc-2c963f66afa6", "123e4567-e89b-42d3-a456-426614174000"


def start(task_id: str, at: float) -> Exchange:
    """A recording sent and accepted."""
    headers = (("content-type", "application/json"), ("x-location", f"{URL}/{task_id}"))
    body = json.dumps({"task": {"task_id": task_id, "state": "pending"}}).encode()
    parts = (describe_content("file", b"RIFF", "call.wav"),)
    return Exchange(
        Request(method="POST", url=URL, headers=(("content-type", "multipart/form-data"),), parts=parts, sent_at=at),
        Answer(status=202, headers=headers, body=body, received_at=at + 0.1),
    )


def test_an_id_given_again_in_another_history_is_found() -> None:
    tally = Tally()
    assert tally.judge([start(FIRST, 0.0)]) == ()
    assert tally.find_twice_given() == ()
    assert tally.judge([start(FIRST, 1.0)]) == ()
    (finding,) = tally.find_twice_given()
    assert (finding.clause.id, finding.at) == ("task.id-unique", (1,))


def test_ids_of_their_own_are_no_finding() -> None:
    tally = Tally()
    tally.judge([start(FIRST, 0.0)])
    tally.judge([start(SECOND, 1.0)])
    assert tally.find_twice_given() == ()
    assert tally.histories == 2


def test_what_was_broken_earlier_is_in_the_verdict_with_the_exchanges_that_show_it(make_target: Any) -> None:
    tally = Tally()
    lost = replace(start(FIRST, 1.0), answer=Lost(kind=Loss.CUT))
    assert {finding.clause.id for finding in tally.judge([start(FIRST, 0.0), lost, lost])} == {"shape.whole-answer"}
    other = start(SECOND, 2.0)
    assert tally.judge([other]) == ()
    verdict = tally.write_verdict(make_target(), [other], ())
    (finding,) = verdict.findings
    assert (finding.row, [verdict.find_exchange(at) for at in finding.at]) == ("", [lost])
    assert verdict.exchanges == (other,)
    assert verdict.events == ("shape.whole-answer was broken in 1 of 2 examples",)
    assert finding.clause not in {passed.clause for passed in verdict.passed}


def test_what_is_asked_for_again_is_judged_and_not_counted() -> None:
    tally = Tally()
    lost = replace(start(FIRST, 1.0), answer=Lost(kind=Loss.CUT))
    assert tally.judge([start(FIRST, 0.0), lost, lost], counts=False)
    assert (tally.histories, tally.broken, tally.first) == (0, {}, {})
