from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.runs.parity.compare import compare_verdicts, mask_text, show_parting
from diarkit_contracts.runs.verdict import Cause, Exit, Why

ERROR, WARNING = Severity.ERROR, Severity.WARNING


@pytest.fixture
def compare(verify_stub: Any, stub: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Compare the correct server with one whose answers are changed: bytes replaced, or by a function."""

    def run(changed: Any, *rows: str) -> Any:
        one = verify_stub(None, *rows)
        if isinstance(changed, dict):
            return compare_verdicts(one, verify_stub(changed, *rows))
        answer = stub._answer  # noqa: SLF001 - `tamper` is the fixture's
        with monkeypatch.context() as patch:
            patch.setattr(stub, "_answer", lambda request: changed(request, answer(request)))
            return compare_verdicts(one, verify_stub(None, *rows))

    return run


def list_told(parity: Any) -> set[tuple[str, str, str, Severity, str]]:
    return {(each.what, each.one, each.other, each.severity, each.clause) for each in parity.differences}


def test_a_server_does_not_differ_from_itself_whatever_its_ids_and_times(verify_stub: Any, clock: Any) -> None:
    one = verify_stub()
    clock.seconds += 1000
    parity = compare_verdicts(one, verify_stub())
    assert parity.differences == ()
    assert (len(parity.compared), parity.left_out, parity.decide_exit(Severity.WARNING)) == (27, (), Exit.FINE)


TABLE: list[tuple[str, Any, str, set[Any]]] = [
    (
        "the status of a refusal",
        lambda _, answer: replace(answer, status=400) if answer.status == 422 else answer,
        "bad-04",
        {("status", "422 request.validation-error", "400 request.validation-error", WARNING, "refusal.bad-config")},
    ),
    (
        "a field is null or absent",
        {b', "error": null': b""},
        "row-01",
        {
            ("field error of a done task", "null", "absent", WARNING, "shape.schema"),
            ("field error of a running task", "null", "absent", WARNING, "shape.schema"),
        },
    ),
    (
        "a type",
        {b'"speaker_id": 0': b'"speaker_id": "0"', b'"speaker_id": 1': b'"speaker_id": "1"'},
        "row-01",
        {
            ("field result.channels[].segments[].speaker_id of a done task", "number", "string", ERROR, "shape.schema"),
            ("shape.schema", "passed", "...", ERROR, "shape.schema"),
        },
    ),
    (
        "one more field",
        {b'"message": "No."': b'"message": "No.", "hint": ""'},
        "bad-03",
        {("field hint", "absent", "string", WARNING, "shape.schema")},
    ),
    (
        "the type of an error",
        {b'"resource.not-found"': b'"request.invalid"'},
        "bad-01",
        {
            ("type of the error", "resource.not-found", "request.invalid", ERROR, "refusal.type-of-status"),
            ("refusal.type-of-status", "passed", "request.invalid", WARNING, "refusal.type-of-status"),
        },
    ),
    (
        "a header",
        lambda _, answer: replace(answer, headers=(*answer.headers, ("X-Trace", "1"))),
        "bad-01",
        {("header X-Trace of the answer", "absent", "there", WARNING, "shape.rate-headers")},
    ),
    (
        "a usual header",
        lambda _, answer: replace(answer, headers=(*answer.headers, ("Server", "x"))),
        "bad-01",
        set(),
    ),
    (
        "the content type",
        lambda _, answer: replace(answer, headers=(("Content-Type", "text/plain; charset=utf-8"),)),
        "bad-01",
        {
            ("content type of the answer", "application/json", "text/plain", ERROR, "shape.content-type"),
            ("shape.content-type", "passed", "text/plain; charset=utf-8", ERROR, "shape.content-type"),
        },
    ),
    (
        "the last state",
        {b'"state": "rejected"': b'"state": "failed"', b'"task.validation-error"': b'"internal"'},
        "row-07",
        {("last state", "rejected", "failed", ERROR, "task.legal-steps")},
    ),
    (
        "the number of a channel",
        {b'"channel_number": 1': b'"channel_number": 5'},
        "row-01",
        {
            ("channels", "0, 1", "0, 5", ERROR, "parameters.channels"),
            ("parameters.channels", "passed", "0, 5", ERROR, "parameters.channels"),
        },
    ),
]


@pytest.mark.parametrize(("tamper", "row", "told"), [line[1:] for line in TABLE], ids=[line[0] for line in TABLE])
def test_what_differs_is_told_with_its_clause(compare: Any, tamper: Any, row: str, told: set[Any]) -> None:
    parity = compare(tamper, row)
    found = list_told(parity)
    for expected in told:
        # What a clause says of an answer is its own; here it counts that it is told.
        assert any(each[:2] + each[3:] == expected[:2] + expected[3:] for each in found), (expected, found)
    assert {each[0] for each in found} >= {each[0] for each in told}
    if not told:
        assert found == set()
    fails = any(each[3] is ERROR for each in told)
    assert (parity.decide_exit() is Exit.FINDINGS) is fails
    assert (parity.decide_exit(WARNING) is Exit.FINDINGS) is bool(told)


def test_a_server_that_takes_a_mistake_differs(verify_stub: Any, stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    one = verify_stub(None, "bad-03")
    monkeypatch.setattr(stub, "_fits", lambda *_: True)
    parity = compare_verdicts(one, verify_stub(None, "bad-03"))
    difference = next(each for each in parity.differences if each.what == "status")
    assert (difference.one, difference.severity) == ("422 request.validation-error", ERROR)
    assert difference.other.startswith("202 pending")
    assert difference.clause == "refusal.both-limits"


def test_refused_at_once_or_rejected_later_is_both_allowed(compare: Any, stub: Any) -> None:
    def refuse(request: Any, answer: Any) -> Any:
        return stub.refuse(422) if request.method == "POST" else answer

    (difference,) = compare(refuse, "row-07").differences
    assert (difference.what, difference.severity) == ("status", WARNING)


def test_a_state_that_one_side_was_too_fast_to_show_is_no_difference(verify_stub: Any, stub: Any) -> None:
    one = verify_stub(None, "row-01")
    stub.polls_until_done = 0
    assert compare_verdicts(one, verify_stub(None, "row-01")).differences == ()


def test_who_speaks_when_is_not_compared_but_whether_anybody_does(
    verify_stub: Any, stub: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = verify_stub(None, "row-01")
    diarize = stub._diarize  # noqa: SLF001

    def shift(*arguments: Any) -> Any:
        told = diarize(*arguments)
        for channel in told["channels"]:
            for segment in channel["segments"]:
                segment["start_time"] = round(segment["start_time"] + 0.05, 2)
        return told

    monkeypatch.setattr(stub, "_diarize", shift)
    assert compare_verdicts(one, verify_stub(None, "row-01")).differences == ()
    silent = {"channels": [{"channel_number": n, "speakers_count": 0, "segments": []} for n in (0, 1)]}
    monkeypatch.setattr(stub, "_diarize", lambda *_: silent)
    found = list_told(compare_verdicts(one, verify_stub(None, "row-01")))
    assert ("segments of channel 0", "some", "none", WARNING, "audio.speakers") in found


def test_rows_that_a_side_does_not_have_are_left_out_with_the_reason(verify_stub: Any) -> None:
    one, two = verify_stub(None, "row-01", "bad-01"), verify_stub(None, "row-01")
    parity = compare_verdicts(one, two)
    assert parity.compared == ("row-01[2ch-4.0s]",)
    assert parity.left_out == (("bad-01[unknown-task]", "http://stub:8000: not sent"),)
    assert parity.decide_exit() is Exit.FINE


def test_nothing_in_common_says_nothing(verify_stub: Any) -> None:
    parity = compare_verdicts(verify_stub(None, "row-01"), verify_stub(None, "bad-01"))
    assert parity.compared == ()
    assert parity.decide_exit() is Exit.VACUOUS


def test_a_side_that_does_not_answer_ends_it(verify_stub: Any) -> None:
    verdict = verify_stub(None, "row-01")
    parity = compare_verdicts(verdict, replace(verdict, rows=(), whys=(Why(Cause.UNREACHABLE, "gone"),)))
    assert (parity.unreachable, parity.decide_exit()) == ("gone", Exit.UNREACHABLE)


ID = "123e4567-e89b-12d3-a456-426614174000"


@pytest.mark.parametrize(
    ("body", "masked"),
    [
        (f'{{"task_id":"{ID}"}}', '{"task_id":"<id>"}'),
        (ID.upper(), "<id>"),
        ("at 2026-11-27T23:10:00.5Z and 2026-11-27", "at <date> and <date>"),
        ("2026-11-27 23:10:00+01:00", "<date>"),
        ("http://10.0.0.1:8000/api?x=1", "http://<host>/api?x=1"),
        ('"https://platform.example"', '"https://<host>"'),
        ("20260101-e89b-12d3-a456-426614174000", "<id>"),
        ("1.51 is no date", "1.51 is no date"),
    ],
)
def test_what_differs_from_call_to_call_is_masked(body: str, masked: str) -> None:
    assert mask_text(body.encode()) == masked


def test_texts_that_differ_in_nothing_else_are_equal() -> None:
    other = ID.replace("1", "2")
    assert show_parting(f'{{"id": "{ID}"}}'.encode(), f'{{"id": "{other}"}}'.encode()) is None


def test_the_place_is_shown_where_two_texts_part() -> None:
    one, other = b"x" * 100 + b"Field required", b"x" * 100 + b"Pole je povinn\xff"
    assert show_parting(one, other) == ("..." + "x" * 30 + "Field required", "..." + "x" * 30 + "Pole je povinn\\xff")
    assert show_parting(b"same", b"same and more") == ("same", "same and more")
