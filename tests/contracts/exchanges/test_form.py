from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from diarkit_contracts.exchanges.form import BOUNDARY, Field, Style, describe_form, read_form, write_form

TEXTS = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters='"\\%'), max_size=20)
FIELDS = st.builds(Field, name=TEXTS.filter(bool), content=st.binary(max_size=60), filename=st.none() | TEXTS)


@given(fields=st.lists(FIELDS, max_size=4))
def test_what_is_written_is_read_again(fields: list[Field]) -> None:
    assert read_form(*write_form(fields)) == describe_form(fields)


def test_names_go_out_as_browsers_write_them() -> None:
    _, body = write_form([Field("file", b"x", 'Ľ"\r\n.wav')])
    assert 'name="file"; filename="Ľ%22%0D%0A.wav"\r\n'.encode() in body


def test_a_text_field_has_no_file_name_and_no_type() -> None:
    _, body = write_form([Field("config", b"{}")])
    assert (
        body
        == f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="config"\r\n\r\n{{}}\r\n--{BOUNDARY}--\r\n'.encode()
    )


def test_a_style_is_written_around_names_and_boundary() -> None:
    style = Style(boundary="b", kind="Form; boundary='{}'", text="Name: {}", file="Name: {}, File: {}", end="--.")
    kind, body = write_form([Field("config", b"{}"), Field("file", b"x", "a{}.wav")], style)
    assert kind == "Form; boundary='b'"
    assert body == b"--b\r\nName: config\r\n\r\n{}\r\n--b\r\nName: file, File: a{}.wav\r\n\r\nx\r\n--b--."


def test_a_field_that_is_no_utf_8_has_no_text() -> None:
    (part,) = describe_form([Field("config", b"\xff")])
    assert (part.text, part.size) == (None, 1)


def test_a_broken_form_is_none() -> None:
    content_type, body = write_form([Field("config", b"{}")])
    for kind, data in (
        (content_type, body[:-6]),
        (content_type, b""),
        ("multipart/form-data", body),
        ("text/plain", body),
    ):
        assert read_form(kind, data) is None
    assert read_form(f"multipart/form-data; boundary={'x' * 2000}", body) is None
