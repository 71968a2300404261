from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from diarkit_contracts.api.evidence import Severity
from diarkit_contracts.api.words import count
from diarkit_contracts.clauses.catalogue import CLAUSES
from diarkit_contracts.clauses.clause import Fault
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request
from diarkit_contracts.reports.summary import CREDENTIALS, LEFT_OUT, REMEDIES, advise, describe_subject, sum_up
from diarkit_contracts.runs.verdict import (
    Accepted,
    Cause,
    Ending,
    Finding,
    Passed,
    RowOutcome,
    RunVerdict,
    Skipped,
    Why,
)
from diarkit_contracts.runs.verify import verify_recording
from diarkit_contracts.target.client import Caps, Spent

ERROR, WARNING = (
    Finding(clause=next(c for c in CLAUSES if c.severity is severity), row="", at=(0,), fault=Fault("a", "b"))
    for severity in (Severity.ERROR, Severity.WARNING)
)
SPENT = "0 tasks, 0 requests, 0.00 MB sent, 0.0 s"


@pytest.mark.parametrize(
    ("fields", "fail_on", "said"),
    [
        ({}, "error", f"FINE: no findings, 0 clauses passed (0 observations); {SPENT}"),
        (
            {"findings": (ERROR, WARNING, WARNING)},
            "error",
            f"FINDINGS: 1 error, 2 warnings, 0 clauses passed (0 observations); {SPENT}",
        ),
        ({"findings": (WARNING,)}, "error", f"FINE: 1 warning, 0 clauses passed (0 observations); {SPENT}"),
        ({"findings": (WARNING,)}, "warning", f"FINDINGS: 1 warning, 0 clauses passed (0 observations); {SPENT}"),
        (
            {"whys": (Why(Cause.NEVER_SEEN, "x"),)},
            "error",
            f"INCONCLUSIVE: too few observations, no findings, 0 clauses passed (0 observations); {SPENT}",
        ),
        (
            {
                "passed": (Passed(clause=CLAUSES[0], observations=1),),
                "unseen": (Skipped(name="a", cause=Cause.NOT_SEEN, reason="b"),),
                "accepted": (Accepted(finding=ERROR, reason="r", expires="2026-01-01"),),
                "spent": Spent(tasks=1, calls=2, bytes_up=300_000, seconds=1.25),
            },
            "error",
            "FINE: 1 accepted, 1 clause passed (1 observation), 1 clause not seen; 1 task, 2 requests, 0.30 MB sent, 1.2 s",
        ),
    ],
)
def test_a_run_is_summed_up(fields: dict[str, Any], fail_on: str, said: str) -> None:
    verdict = RunVerdict(target="t", tier="lite", profile="3.6", exchanges=(), **fields)
    assert sum_up(verdict, Severity(fail_on)) == said


def test_the_subject_names_the_tier_if_there_was_one() -> None:
    assert describe_subject(RunVerdict(target="u", tier="lite", profile="3.6", exchanges=())).endswith("tier lite")
    assert describe_subject(RunVerdict(target="u", tier="", profile="3.6", exchanges=())) == "u against profile 3.6"


def test_one_thing_is_not_many() -> None:
    assert [count(number, "task") for number in (0, 1, 2)] == ["0 tasks", "1 task", "2 tasks"]


@pytest.fixture
def ask(verify_stub: Any, stub: Any, make_target: Any) -> Any:
    """Verify a server that gives everybody the same answer."""
    from diarkit_contracts.rows.plan import make_plan  # noqa: PLC0415
    from diarkit_contracts.rows.tier import Tier  # noqa: PLC0415
    from diarkit_contracts.runs.verify import verify_target  # noqa: PLC0415

    def run(status: int, body: bytes = b"", **headers: str) -> tuple[str, ...]:
        told = Answer(
            status=status, body=body, headers=tuple((name.replace("_", "-"), value) for name, value in headers.items())
        )
        stub.tamper = lambda *_: told
        return advise(verify_target(make_plan(Tier.PROBE), make_target()))

    return run


def test_a_run_that_saw_enough_needs_no_advice(verify_stub: Any) -> None:
    assert advise(verify_stub()) == ()
    assert advise(verify_stub({b'"type"': b'"kind"', b'"state"': b'"status"'})) == ()


@pytest.mark.parametrize(
    ("status", "body", "headers", "said"),
    [
        (200, b"<html>", {"content_type": "text/html; charset=utf-8"}, "web pages answer: are these the host"),
        (200, b"{}", {}, "is the platform at this URL?"),
        (301, b"", {"location": "/other/x"}, "it redirects to http://stub:8000/other/x: use that URL"),
        (502, b"<html>", {"content_type": "text/html"}, "a gateway answers instead"),
        (504, b"", {}, "a gateway answers instead"),
    ],
)
def test_a_server_that_is_another_is_told_with_what_to_look_at(
    ask: Any, status: int, body: bytes, headers: dict[str, str], said: str
) -> None:
    (advice,) = [text for text in ask(status, body, **headers) if not text.startswith("the cap")]
    assert advice.startswith("none of ")
    assert f"answers is of this API (most are {status}): " in advice
    assert said in advice


def test_a_recording_without_content_or_requests_is_told_so() -> None:
    cut = Exchange(Request(method="GET", url="http://stub"), Answer(status=200, is_body_known=False))
    assert advise(verify_recording("a.har", [cut])) == (
        "1 of 1 answers were recorded without their whole body: export them with content",
    )
    (advice,) = advise(verify_recording("a.har", []))
    assert advice.startswith("the recording has no request to /api/technology/speaker-diarization")


def test_a_redirection_to_another_host_is_told_by_the_url_to_use(stub: Any, verify_stub: Any) -> None:
    verdict = verify_stub(None, "bad-01")
    (exchange,) = verdict.exchanges
    led = exchange.request.url.replace("http://stub:8000", "https://there")
    moved = replace(exchange, answer=Answer(status=308, headers=(("Location", led),)))
    assert advise(replace(verdict, exchanges=(moved,))) == (
        "no answer is of this API (most are 308): it redirects to https://there: use that URL",
    )


@pytest.mark.parametrize(("status", "said"), REMEDIES.items())
def test_one_answer_to_most_requests_has_its_own_remedy(ask: Any, status: int, said: str) -> None:
    body = b'{"type": "request.forbidden", "message": "No.", "detail": []}'
    assert any(text.endswith(f"answers are {status}: {said}") for text in ask(status, body))


@pytest.mark.parametrize("status", [401, 403])
def test_who_is_not_let_in_is_told_how_to_show_who_he_is(ask: Any, status: int) -> None:
    for body in (b"", b'{"type": "request.forbidden", "message": "No.", "detail": []}'):
        assert LEFT_OUT[Cause.CREDENTIALS] in ask(status, body)
    assert CREDENTIALS in LEFT_OUT[Cause.CREDENTIALS]


@pytest.mark.parametrize(
    ("caps", "cause"),
    [
        (Caps(tasks=0, spare=0), Cause.BUDGET_TASKS),
        (Caps(calls=1), Cause.BUDGET_CALLS),
        (Caps(bytes_up=10), Cause.BUDGET_BYTES),
        (Caps(seconds=0), Cause.BUDGET_SECONDS),
    ],
)
def test_a_cap_that_left_too_much_out_is_told_by_its_flag(verify_stub: Any, caps: Caps, cause: Cause) -> None:
    verdict = verify_stub(None, caps=caps)
    assert LEFT_OUT[cause] in advise(verdict)
    # What is done about it follows from the cause alone, whatever the reason says.
    said = replace(verdict, outcomes=tuple(replace(each, reason="budget: 3 bytes sent") for each in verdict.outcomes))
    assert advise(said) == advise(verdict)


def test_what_was_not_judged_is_told_by_its_flag_and_what_was_is_not(verify_stub: Any) -> None:
    slow = RowOutcome(row="row-01[x]", ending=Ending.INCONCLUSIVE, cause=Cause.TOO_SLOW, reason="x")
    full = RowOutcome(row="x", ending=Ending.SKIPPED, cause=Cause.BUDGET_IN_FLIGHT, reason="x")
    busy = RowOutcome(row="y", ending=Ending.JUDGED, cause=Cause.BUSY, reason="x")
    verdict = replace(verify_stub(), outcomes=(busy,))
    assert advise(verdict) == ()
    assert advise(replace(verdict, outcomes=(slow, full, busy))) == (
        "rows were skipped by the limit on tasks in flight: raise --in-flight",
        "tasks took too long: raise --task-seconds",
    )
