from __future__ import annotations

from diarkit_contracts.exchanges.form import read_form
from diarkit_contracts.rows.call import Attached, Call, Raw, Row, Written


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


def test_a_row_is_named_by_its_id_and_what_it_sends() -> None:
    assert Row(id="row-07", what="2ch-4.0s,mix", call=Call()).name == "row-07[2ch-4.0s,mix]"
