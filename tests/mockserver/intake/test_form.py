from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diarkit_mockserver.intake.form import LONGEST_BOUNDARY, LONGEST_TYPE, Part, read_boundary, read_plain_form
from diarkit_mockserver.intake.refusals import Refusal
from diarkit_mockserver.intake.submission import Media
from diarkit_mockserver.intake.upload import Upload, UploadReader

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = 'name="file"; filename="call.wav"'
HEADS = [
    'Content-Disposition: form-data; name="file"; filename="call.wav"\r\nContent-Type: audio/wav',
    'Content-Disposition: form-data; name="file"; filename="Žaneta.wav"',
    'Content-Disposition: form-data; name="config"',
    'Content-Disposition: form-data; name="other"; filename=""',
    'Content-Disposition: form-data; name="file"',
    'Content-Disposition: form-data; name=""; filename="x"',
    "Content-Disposition: form-data; name=file; filename=a",
    "Content-Disposition: form-data; name=\"file\"; filename*=utf-8''a",
    'Content-Type: audio/wav\r\nContent-Disposition: form-data; name="file"; filename="a"',
    'Content-Disposition: form-data; name="file"; filename="a\\"b"',
    'Content-Disposition: form-data; name="file"; filename="a%22b"',
    'Content-Disposition: form-data; name="file"; filename="a"\r\nContent-Length: 2',
    'Content-Disposition: form-data; name="config"\r\nContent-Type: application/json; charset=utf-8',
    'content-disposition: form-data; name="file"; filename="a"',
]
CONTENT = st.lists(st.sampled_from([b"\r\n", b"--", b"--b", b"\r\n--", b"\r\n--b", b"{}", b"x", b"\r", b""])).map(
    b"".join
)


def read(body: bytes, chunk: int) -> Upload | tuple[int, object]:
    reader = UploadReader("multipart/form-data; boundary=b", largest_file=None, assumed=Media())
    for start in range(0, len(body), chunk):
        reader.feed(body[start : start + chunk])
    try:
        return reader.close()
    except Refusal as refusal:
        return refusal.status, refusal.detail


@given(
    parts=st.lists(st.tuples(st.sampled_from(HEADS), CONTENT), max_size=10),
    end=st.sampled_from([b"--b--\r\n", b"--b--", b"--b", b"", b"--b--\r\nmore", b"--b-- "]),
)
def test_one_scan_means_what_the_library_means(parts: list[tuple[str, bytes]], end: bytes) -> None:
    body = b"".join(b"--b\r\n%s\r\n\r\n%s\r\n" % (head.encode(), content) for head, content in parts) + end
    assert read(body, len(body) or 1) == read(body, 7)


def test_the_usual_forms_are_read_in_one_scan(make_form: Callable[..., bytes]) -> None:
    body = make_form(('name="config"', b"{}"), (FILE, b"\r\nRIFF\r\n--"), boundary="b")
    assert read_plain_form(body, b"b") == [Part("config", None, b"{}"), Part("file", "call.wav", b"\r\nRIFF\r\n--")]
    assert read_plain_form(make_form((FILE, b""), boundary="b"), b"b") == [Part("file", "call.wav", b"")]


@pytest.mark.parametrize("head", HEADS[6:12])
def test_what_is_not_plain_is_left_to_the_library(head: str) -> None:
    assert read_plain_form(f"--b\r\n{head}\r\n\r\nx\r\n--b--\r\n".encode(), b"b") is None


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=b", "b"),
        ("Multipart/Form-Data ;x=y; BOUNDARY = b ", "b"),
        ('multipart/form-data; boundary="a;b \\"c\\\\"', 'a;b "c\\'),
        ('multipart/form-data; x="boundary=no;"; boundary=b; boundary=c', "c"),
        ("multipart/form-data; boundary=" + "b" * LONGEST_BOUNDARY, "b" * LONGEST_BOUNDARY),
        ("multipart/mixed; boundary=b", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_a_boundary_is_read_as_clients_write_it(content_type: str, boundary: str | None) -> None:
    assert read_boundary(content_type) == boundary


@pytest.mark.parametrize(
    "more", ["", ";", "; boundary", "; boundary=", '; boundary=""', "; x=" + "y" * LONGEST_TYPE + "; boundary=b"]
)
def test_a_form_without_a_usable_boundary_is_refused(more: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_boundary("multipart/form-data" + more)
    assert caught.value.status == 400
