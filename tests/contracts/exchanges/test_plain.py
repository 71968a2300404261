from __future__ import annotations

import json
from typing import Any

import pytest

from diarkit_contracts.exchanges.exchange import Answer, Exchange, Loss, Lost, Part, Request, Sound
from diarkit_contracts.exchanges.plain import PlainError, read_plain, write_plain
from diarkit_fixtures.segments import Segment


def test_what_is_none_is_left_out() -> None:
    assert write_plain(Part(name="file", size=0)) == {"name": "file", "size": 0}


@pytest.mark.parametrize(("body", "plain"), [(b"{}", {"text": "{}"}), (b"\xff", {"base64": "/w=="})])
def test_bytes_are_a_text_or_else_base64(body: bytes, plain: dict[str, str]) -> None:
    assert write_plain(body) == plain
    assert read_plain(bytes, plain, "body") == body


def test_an_answer_and_a_lost_one_are_told_apart_by_their_fields() -> None:
    request = Request(method="GET", url="http://h/api")
    for came in (Answer(status=200), Lost(kind=Loss.CUT, status=200, body=b"{")):
        plain = json.loads(json.dumps(write_plain(Exchange(request, came))))
        assert read_plain(Exchange, plain, "an exchange").answer == came


def test_a_sound_is_read_with_all_that_is_known_of_it() -> None:
    sound = Sound(length=154, loud=(True, False), truth=((Segment(0, 1, 5),), ()), truncated=True)
    plain = json.loads(json.dumps(write_plain(sound)))
    assert plain["truth"] == [[{"speaker": 0, "start": 1, "end": 5}], []]
    assert read_plain(Sound, plain, "sound") == sound


def test_keys_of_somebody_else_are_passed_over() -> None:
    assert read_plain(Part, {"name": "file", "colour": "blue"}, "a part") == Part(name="file")


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (str, 1, "expected a text for it, got 1"),
        (int, True, "expected a whole number for it, got True"),
        (int, 1.0, "expected a whole number for it, got 1.0"),
        (float, "1", "expected a number for it, got '1'"),
        (bool, 0, "expected true or false for it, got 0"),
        (Loss, "eaten", "expected one of refused, "),
        (Loss, None, "expected one of refused, "),
        (Part, [], "expected an object for it"),
        (Part, {}, "expected a text for name, got None"),
        (bytes, {"base64": "é"}, "expected base64 for it"),
        (tuple[int, ...], {}, "expected a list for it"),
        (tuple[int, int], [1], "expected a list of 2 for it"),
    ],
)
def test_what_is_something_else_is_refused(kind: Any, value: object, expected: str) -> None:
    with pytest.raises(PlainError, match=expected):
        read_plain(kind, value, "it")
