from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_contracts.exchanges.exchange import Answer, Exchange, Part, Request, describe_field
from diarkit_contracts.exchanges.text import describe_exchange, describe_part, show_body, show_text

URL = "http://host:8000/api/technology/speaker-diarization"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, Ľúbica", "plain, Ľúbica"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("left\u202eright", r"left\u202eright"),
        ("\ud800", r"\ud800"),
        ("line\u2028end", r"line\u2028end"),
    ],
)
def test_a_text_moves_no_cursor_and_turns_no_line(text: str, shown: str) -> None:
    assert show_text(text) == shown


@given(st.text())
def test_any_text_can_stand_in_xml_and_in_a_line(text: str) -> None:
    shown = show_text(text)
    assert len(shown.splitlines()) <= 1
    root = ET.Element("a")
    root.text = shown
    assert (ET.fromstring(ET.tostring(root)).text or "") == shown  # noqa: S314 - our own XML


def test_a_long_text_says_how_long_it_is() -> None:
    assert show_text("abcdef", 3) == "abc... (6 characters)"


def test_a_body_that_is_no_text_is_shown_all_the_same() -> None:
    assert show_body(b"\xff{}") == r"\xff{}"


@pytest.mark.parametrize(
    ("method", "query", "status", "body", "said"),
    [
        ("POST", "?channels=0", 202, b'{"task":{"task_id":"x","state":"pending"}}', "?channels=0 -> 202 pending"),
        ("GET", "/x", 404, b'{"type":"resource.not-found","message":"No."}', "/x -> 404 resource.not-found"),
        ("GET", "/x", 500, b"<html>", "/x -> 500"),
        ("GET", "/x", 200, b'{"task":{"state":7}}', "/x -> 200"),
    ],
)
def test_an_exchange_is_said_in_a_line(method: str, query: str, status: int, body: bytes, said: str) -> None:
    exchange = Exchange(Request(method=method, url=URL + query), Answer(status=status, body=body))
    assert describe_exchange(exchange) == f"{method} /api/technology/speaker-diarization{said}"


def test_parts_are_said_by_name_and_content() -> None:
    assert describe_part(describe_field("config", "{}")) == "config = {}"
    assert describe_part(Part(name="file", filename="a.wav", size=3, sha256="0")) == "file: file 'a.wav', 3 bytes"
