from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from diarkit_contracts.call import Call, Row
from diarkit_contracts.drawn_calls import draw_mistakes, draw_uploads
from diarkit_contracts.plan import list_rows
from diarkit_contracts.row_file import RowFileError, read_row, write_row


@pytest.mark.parametrize("row", list_rows(), ids=lambda row: row.id)
def test_each_row_of_the_plan_is_read_as_it_was_written(row: Any) -> None:
    assert read_row(json.loads(json.dumps(write_row(row)))) == replace(row, shows=(), needs=None)


@given(call=draw_uploads() | draw_mistakes())
def test_whatever_is_drawn_can_be_kept(call: Call) -> None:
    row = Row(id="found-01", what="upload", call=call, shows=())
    assert read_row(json.loads(json.dumps(write_row(row)))) == row


@given(call=draw_uploads() | draw_mistakes())
def test_whatever_is_drawn_can_be_sent(call: Call) -> None:
    _, content = call.write_body()
    assert isinstance(content, bytes)
    assert call.target.isascii()
    assert call.path.startswith("/api/")


GOOD: dict[str, object] = {"id": "found-01", "what": "x", "method": "GET", "path": "/", "query": [], "body": None}


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ([], "row"),
        ({"colour": "blue"}, "row"),
        ({"id": 1}, "id"),
        ({"method": None}, "method"),
        ({"query": {}}, "query"),
        ({"query": [["a"]]}, "query"),
        ({"query": [["a", 1]]}, "query"),
        ({"body": "text"}, "body"),
        ({"body": ["text"]}, "body"),
        ({"body": [{"attach": 1}]}, "attach"),
        ({"body": [{"text": None}]}, "text"),
        ({"body": {"content_type": "a/b", "base64": "?"}}, "body.base64"),
        ({"body": {"content_type": "a/b"}}, "base64"),
    ],
)
def test_what_is_no_row_is_named(changed: Any, place: str) -> None:
    with pytest.raises(RowFileError) as raised:
        read_row({**GOOD, **changed} if isinstance(changed, dict) else changed)
    assert raised.value.place == place
