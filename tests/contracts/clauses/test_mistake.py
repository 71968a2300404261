from __future__ import annotations

from typing import Any

import pytest

from diarkit_contracts.clauses.mistake import has_bad_config, has_bad_query, has_both_limits, has_no_file, is_no_form
from diarkit_contracts.exchanges.history import read_history

PREDICATES = (has_both_limits, has_bad_config, has_bad_query, has_no_file, is_no_form)


def list_mistakes(script: Any, **sent: Any) -> set[str]:
    script.post(**sent)
    (start,) = read_history(script.exchanges).starts
    return {predicate.__name__ for predicate in PREDICATES if predicate(start)}


@pytest.mark.parametrize(
    ("sent", "mistakes"),
    [
        ({}, set()),
        ({"config": {"max_speakers": 2}, "query": {"channels": "0,1", "range_from": 0.5}}, set()),
        ({"config": {"max_speakers": 0, "total_speakers": 2}}, {"has_both_limits", "has_bad_config"}),
        ({"config": "{", "query": {"channel_mode": ""}}, {"has_bad_config", "has_bad_query"}),
        ({"config": {"max_speakers": 10**400}, "query": {"channels": "9" * 5_000}}, set()),
        ({"config": '{"max_speakers": 2.5}'}, {"has_bad_config"}),
        ({"file": False}, {"has_no_file"}),
        ({"parts": None}, set()),
        ({"parts": None, "sent": (("CONTENT-TYPE", "text/plain; charset=utf-8"),)}, {"is_no_form"}),
        ({"parts": None, "sent": (("content-type", "Multipart/Form-Data; boundary=a"),)}, set()),
        ({"parts": None, "sent": (("content-type", "multipart/form-data; boundary"),)}, {"is_no_form"}),
    ],
)
def test_each_mistake_is_told_by_itself(script: Any, sent: dict[str, Any], mistakes: set[str]) -> None:
    assert list_mistakes(script, **sent) == mistakes
