"""Whatever comes as a body or as its type is an upload or a refusal, and never anything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diarkit_mockserver.intake.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.intake.upload import Upload

FILE = 'name="file"; filename="call.wav"'
CONFIG = 'name="config"'
BODY = st.lists(
    st.sampled_from(
        [
            b"--boundary-of-the-tests",
            b"--",
            b"\r\n",
            b"\r",
            b"\n",
            b"Content-Disposition: form-data; ",
            b'name="file"',
            b'name="config"',
            b'; filename="a.wav"',
            b"; filename*=",
            b"utf-16''%d8%00",
            b"Content-Type: text/plain; charset=no-such",
            b"{}",
        ]
    )
    | st.binary(max_size=20),
    max_size=30,
).map(b"".join)


@given(BODY, st.sampled_from([1, 7, 65536]))
def test_no_body_raises_anything_but_a_refusal(read_upload: Callable[..., Upload], body: bytes, chunk: int) -> None:
    try:
        read_upload(body, chunk=chunk)
    except Refusal as refusal:
        assert refusal.status in {400, 422}  # noqa: PT017 - a body that is not refused is right too


@settings(max_examples=300)
@given(data=st.data())
def test_no_damage_to_a_form_raises_anything_but_a_refusal(
    data: st.DataObject, read_upload: Callable[..., Upload], make_form: Callable[..., bytes]
) -> None:
    body = bytearray(make_form((CONFIG, b'{"max_speakers": 2}'), (FILE, b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0")))
    for at in data.draw(st.lists(st.integers(0, len(body) - 1), max_size=4)):
        body[at] = data.draw(st.integers(0, 255))
    answers: set[object] = set()
    for chunk in (1, 7, 65536):
        try:
            answers.add(read_upload(bytes(body), chunk=chunk))
        except Refusal as refusal:
            assert refusal.status in {400, 422}  # noqa: PT017 - see above
            answers.add(refusal.status)
    assert len(answers) == 1


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\0\r\n")))
def test_no_content_type_raises_anything_but_a_refusal(read_upload: Callable[..., Upload], text: str) -> None:
    for content_type in (text, f"multipart/form-data; {text}", f"multipart/form-data; boundary{text}"):
        with pytest.raises(Refusal):
            read_upload(b"x", content_type=content_type)
