from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_contracts.api.states import ERROR_TYPE_OF_STATUS, ErrorType
from diarkit_mockserver.intake.refusals import STATUS_MESSAGES, Condition, Detail, Refusal, refuse

STATUSES = {
    Condition.MULTIPART_BROKEN: 400,
    Condition.FILE_MISSING: 422,
    Condition.FILE_NOT_A_FILE: 422,
    Condition.CONFIG_A_FILE: 422,
    Condition.CONFIG_NOT_JSON: 422,
    Condition.CONFIG_NOT_AN_OBJECT: 422,
    Condition.SPEAKERS_NOT_A_NUMBER: 422,
    Condition.SPEAKERS_TOO_SMALL: 422,
    Condition.SPEAKERS_TWICE: 422,
    Condition.CHANNEL_MODE_UNKNOWN: 422,
    Condition.CHANNELS_SYNTAX: 422,
    Condition.RANGE_NOT_A_NUMBER: 422,
    Condition.RANGE_NEGATIVE: 422,
    Condition.TASK_ID_SYNTAX: 422,
    Condition.TASK_UNKNOWN: 404,
    Condition.PATH_UNKNOWN: 404,
    Condition.METHOD_WRONG: 405,
    Condition.TOO_LARGE: 413,
    Condition.TOO_SLOW: 400,
    Condition.NOT_LICENSED: 403,
    Condition.STORAGE_FULL: 507,
    Condition.TOO_MANY: 429,
    Condition.NOT_HTTP: 400,
    Condition.CODING_UNKNOWN: 501,
    Condition.VERSION_UNKNOWN: 505,
}


def test_the_table_of_this_test_is_whole() -> None:
    assert set(STATUSES) == set(Condition)


@pytest.mark.parametrize(("condition", "status"), STATUSES.items())
def test_a_condition_is_refused_with_the_status_and_the_type_of_the_documents(
    condition: Condition, status: int
) -> None:
    refusal = refuse(condition, ("body", "file"), came="x", reason="a reason")
    kind = ERROR_TYPE_OF_STATUS.get(status, ErrorType.INTERNAL)  # 501 and 505 are none of the platform's
    assert (refusal.status, refusal.type) == (status, kind)
    assert refusal.message == STATUS_MESSAGES.get(status, STATUS_MESSAGES[500])


@pytest.mark.parametrize("condition", [c for c in Condition if c.value.usual == 422])
def test_a_validation_error_names_the_place_and_what_came(condition: Condition) -> None:
    refusal = refuse(condition, ("query", "where"), came="what came", reason="what went wrong")
    (detail,) = refusal.detail
    assert detail.location == ("query", "where")
    assert detail.type == condition.value.kind
    assert ("{came}" in condition.value.text) == ("'what came'" in detail.message)
    assert ("{reason}" in condition.value.text) == ("what went wrong" in detail.message)
    assert "{" not in detail.message
    assert str(refusal) == f"422 query.where: {detail.message}"


@pytest.mark.parametrize("condition", [c for c in Condition if c.value.usual != 422])
def test_other_refusals_have_an_empty_detail_and_a_reason_for_the_log(condition: Condition) -> None:
    refusal = refuse(condition, reason="more than 5 bytes (--flag)")
    assert refusal.detail == ()
    assert str(refusal) == f"{refusal.status} more than 5 bytes (--flag)"


def test_the_one_literal_body_of_the_documents_is_kept() -> None:
    refusal = refuse(Condition.MULTIPART_BROKEN)
    assert (refusal.type, refusal.message, refusal.detail) == ("request.invalid", "Invalid request.", ())


@pytest.mark.parametrize("status", range(400, 600))
def test_every_error_status_has_a_type_of_the_documents_and_a_message(status: int) -> None:
    refusal = Refusal(status)
    fallback = ErrorType.INTERNAL if status >= 500 else ErrorType.INVALID
    assert refusal.type == ERROR_TYPE_OF_STATUS.get(status, fallback)
    assert refusal.message


def test_a_refusal_says_what_it_was_told_to_say() -> None:
    detail = Detail(location=("body", 0), message="m", type="t")
    headers = (("retry-after", "7"),)
    refusal = Refusal(429, message="Later.", detail=(detail,), reason="why", headers=headers, foreign=(b"x", "a/b"))
    assert (refusal.message, refusal.detail, refusal.headers) == ("Later.", (detail,), headers)
    assert refusal.foreign == (b"x", "a/b")
    assert str(refusal) == "429 why"


@pytest.mark.parametrize("condition", [c for c in Condition if c.value.usual != 422])
def test_the_refusal_of_a_condition_carries_its_headers(condition: Condition) -> None:
    assert refuse(condition, headers=(("allow", "GET"),)).headers == (("allow", "GET"),)


@given(st.text(min_size=200) | st.binary(min_size=200) | st.lists(st.integers(), min_size=100))
def test_what_came_is_shortened_in_a_message(came: object) -> None:
    (detail,) = refuse(Condition.CHANNELS_SYNTAX, ("query", "channels"), came=came).detail
    assert len(detail.message) < 200


@given(st.text(max_size=50))
def test_what_came_is_never_read_as_a_template(came: str) -> None:
    (detail,) = refuse(Condition.CHANNELS_SYNTAX, ("query", "channels"), came="{reason}" + came).detail
    assert "{reason}" in detail.message
