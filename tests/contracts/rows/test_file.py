from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from diarkit_contracts.rows.call import Call, Row
from diarkit_contracts.rows.drawn import draw_mistakes, draw_uploads
from diarkit_contracts.rows.file import read_rows, write_row
from diarkit_contracts.rows.plan import list_rows
from diarkit_fixtures.texts.read import TextError, load_text

if TYPE_CHECKING:
    from pathlib import Path


def read_back(row: Row) -> Row:
    (read,) = read_rows(json.dumps([write_row(row)]), "rows.json")
    return read


@pytest.mark.parametrize("row", list_rows(), ids=lambda row: row.id)
def test_each_row_of_the_plan_is_read_as_it_was_written(row: Any) -> None:
    assert read_back(row) == replace(row, about="", needs=None)


@given(call=draw_uploads() | draw_mistakes())
def test_whatever_is_drawn_can_be_kept(call: Call) -> None:
    row = Row(id="found-01", what="upload", call=call)
    assert read_back(row) == row


@given(call=draw_uploads() | draw_mistakes())
def test_whatever_is_drawn_can_be_sent(call: Call) -> None:
    _, content = call.write_body()
    assert isinstance(content, bytes)
    assert call.target.isascii()
    assert call.path.startswith("/api/")


GOOD: dict[str, object] = {"id": "found-01", "what": "x", "method": "GET", "path": "/", "query": [], "body": None}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("[]", "1:2: expected a mapping (id, what, method, path, query, body, manner, accepted, looks, fresh, cookies), got a list"),
        ('{"colour": "blue"}', "1:3: unknown key 'colour': expected id, what, method, path, query, body, manner, accepted, looks, fresh or cookies"),
        ('{"metod": "GET"}', "1:3: unknown key 'metod': expected id, what, method, path, query, body, manner, accepted, looks, fresh or cookies; did you mean method?"),
        ('{"id": 1}', "1:9: id: expected a text, got the number 1: put it in quotes"),
        ('{"method": null}', "1:13: method: expected a text, got nothing"),
        ('{"query": {}}', "1:12: query: expected a list, got a mapping"),
        ('{"query": [["a"]]}', "1:13: query: expected a list of 2, got a list of 1"),
        ('{"query": [["a", 1]]}', "1:19: query: expected a text, got the number 1: put it in quotes"),
        ('{"body": "text"}', "1:11: body: expected null, or a list, or a mapping (content_type, base64), got the text 'text'"),
        ('{"body": ["text"]}', "1:12: body: expected a mapping with attach or text, got the text 'text'"),
        ('{"body": [{"attach": 1}]}', "1:23: attach: expected a text, got the number 1: put it in quotes"),
        ('{"body": [{"text": null}]}', "1:21: text: expected a text, got nothing"),
        ('{"body": {"content_type": "a/b", "base64": "?"}}', "1:45: base64: expected base64, got '?'"),
        ('{"body": {"content_type": "a/b"}}', "1:11: expected the key base64, got none"),
        ('{"manner": "loud"}', "1:13: manner: expected one of as-requests, as-dotnet, long-boundary, part-headers, streamed, got 'loud'"),
        ('{"accepted": 1}', "1:15: accepted: expected true or false, got the number 1"),
    ],
)  # fmt: skip
def test_what_is_no_row_is_named_with_its_place(row: str, told: str) -> None:
    with pytest.raises(TextError) as raised:
        read_rows(f"[{row}]", "r")
    assert f"r:{told}" in [str(one) for one in raised.value.problems]


def test_keys_that_have_a_default_may_be_left_out() -> None:
    text = '[{"id": "a", "what": "x", "method": "GET", "path": "/"}]'
    assert read_rows(text, "r") == (Row(id="a", what="x", call=Call(method="GET", path="/")),)


def test_a_file_of_rows_is_read_in_its_order(tmp_path: Path) -> None:
    rows = [replace(row, about="", needs=None) for row in list_rows()]
    (tmp_path / "rows.json").write_text(json.dumps([write_row(row) for row in rows]), encoding="utf-8")
    assert read_rows(load_text(tmp_path / "rows.json"), "rows.json") == tuple(rows)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'[\n {"id": }', [":3:1: not YAML: "]),
        (b"", [":1:1: the file is empty"]),
        (b"\xff\xfe\xff", [":1:1: expected UTF-8, got the byte 0xff"]),
        (b"[]", [":1:1: expected a list of rows, got an empty one"]),
        (b"{}", [":1:1: expected a list, got a mapping"]),
        (
            json.dumps([GOOD, {**GOOD, "id": 7}, GOOD], indent=1).encode(),
            [":11:9: id: expected a text, got", ":19:9: id: expected a unique id, got 'found-01' again"],
        ),
    ],
)
def test_all_that_is_wrong_in_a_file_is_told_with_its_place(tmp_path: Path, content: bytes, told: list[str]) -> None:
    path = tmp_path / "rows.json"
    path.write_bytes(content)
    with pytest.raises(TextError) as raised:
        read_rows(load_text(path), str(path))
    assert len(raised.value.problems) == len(told)
    for problem, start in zip(raised.value.problems, told, strict=True):
        assert str(problem).startswith(f"{path}{start}")
