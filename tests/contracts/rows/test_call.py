from __future__ import annotations

from dataclasses import replace

import pytest

from diarkit_contracts.exchanges.form import read_form
from diarkit_contracts.rows.call import Attached, Call, Raw, Row, Written
from diarkit_contracts.rows.manners import MANNERS


def test_a_query_is_written_as_the_reference_writes_it() -> None:
    assert Call(path="/p", query=(("channels", "0,1"), ("x", "a b;"))).target == "/p?channels=0,1&x=a%20b%3B"
    assert Call(path="/p").target == "/p"


def test_the_body_is_what_its_description_says() -> None:
    call = Call(body=(Written('{"max_speakers": 2}'), Attached("wav:1ch:0.5s", "Ľ.wav"), Written("x", "note")))
    described = call.describe_body()
    assert read_form(*call.write_body()) == described
    assert described is not None
    assert [(part.name, part.filename) for part in described] == [("config", None), ("file", "Ľ.wav"), ("note", None)]
    assert described[1].sound is not None


def test_an_input_may_go_as_a_text_field() -> None:
    (part,) = Call(body=(Attached("file:junk", None),)).describe_body() or ()
    assert part.filename is None


def test_a_body_that_is_no_form_has_no_parts() -> None:
    assert Call(body=Raw("text/plain", b"x")).write_body() == ("text/plain", b"x")
    assert Call(body=Raw("text/plain", b"x")).describe_body() is None
    assert Call().write_body() == ("", b"")
    assert Call().describe_body() is None


@pytest.mark.parametrize("manner", [name for name in MANNERS if name])
def test_a_form_in_an_own_manner_is_bytes_with_the_same_description(manner: str) -> None:
    plain = Call(body=(Written("{}"), Attached("wav:1ch:0.5s"), Written("x", "note")))
    call = replace(plain, manner=manner)
    assert call.raw is not None
    assert read_form(call.raw.content_type, call.raw.content) == call.describe_body() == plain.describe_body()
    assert call.raw == Raw(call.write_body()[0], bytes(call.write_body()[1]))
    assert (plain.raw, Call(manner=manner).raw) == (None, None)


def test_commas_are_encoded_as_their_client_does() -> None:
    query = (("channels", "0,1"),)
    assert Call(path="/p", query=query, manner="as-requests").target == "/p?channels=0%2C1"
    assert Call(path="/p", query=query, manner="as-dotnet").target == "/p?channels=0,1"


def test_a_row_is_named_by_its_id_and_what_it_sends() -> None:
    assert Row(id="row-07", what="2ch-4.0s,mix", call=Call()).name == "row-07[2ch-4.0s,mix]"
