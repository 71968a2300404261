"""A form as it arrives, cut anywhere.

Longer than other files, as all bodies are held against one reader, whole and in pieces.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from diarkit_contracts.exchanges.exchange import Part, Sound, describe_content, describe_field
from diarkit_mockserver.intake.form import LONGEST_BOUNDARY
from diarkit_mockserver.intake.parts import LARGEST_TEXT, LONGEST_STORED
from diarkit_mockserver.intake.refusals import Refusal
from diarkit_mockserver.intake.submission import Media
from diarkit_mockserver.intake.upload import LONGEST_IGNORED, MOST_IGNORED, MOST_PARTS, Upload, UploadReader

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = 'name="file"; filename="call.wav"'
CONFIG = 'name="config"'


def refusal_of(read: Callable[..., Upload], body: bytes, **how: object) -> Refusal:
    """The refusal of a body, the same whatever the chunks."""
    refused: list[Refusal] = []
    for chunk in (7, 65536):
        with pytest.raises(Refusal) as caught:
            read(body, chunk=chunk, **how)
        refused.append(caught.value)
    first, second = refused
    assert (first.status, first.detail) == (second.status, second.detail)
    return first


@pytest.mark.parametrize("chunk", [1, 7, 65536])
def test_any_chunks_give_the_same_upload(
    read_upload: Callable[..., Upload],
    make_form: Callable[..., bytes],
    make_wav: Callable[..., bytes],
    chunk: int,
) -> None:
    content = make_wav(1.5) + b"\r\n--boundary-of-the-test\r\r\n\r\n-"
    body = make_form((CONFIG, b'{"max_speakers": 2}'), ('name="other"', b"x" * 99), (FILE, content))
    upload = read_upload(body, chunk=chunk)
    assert upload.sha256 == hashlib.sha256(content).hexdigest()
    assert (upload.size, upload.filename, upload.config) == (len(content), "call.wav", '{"max_speakers": 2}')
    assert (upload.media.kind, upload.media.length) == ("wav", 150)


def test_the_parts_come_in_any_order(read_upload: Callable[..., Upload], make_form: Callable[..., bytes]) -> None:
    parts = [(FILE, b"RIFF"), (CONFIG, b"{}"), ('name="unknown"', b"?"), ('name="photo"; filename="a.png"', b"!")]
    uploads = {read_upload(make_form(*order)) for order in itertools.permutations(parts)}
    assert len(uploads) == 1
    assert uploads.pop().ignored == ("photo", "unknown")


def test_of_parts_that_are_ignored_the_first_names_are_kept_and_cut(
    read_upload: Callable[..., Upload], make_form: Callable[..., bytes]
) -> None:
    parts = [(f'name="{"x" * 500}{number}"', b"?") for number in range(100)]
    assert read_upload(make_form((FILE, b"RIFF"), *parts)).ignored == ("x" * LONGEST_IGNORED,) * MOST_IGNORED


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('filename="Ivy.wav"', "Ivy.wav"),
        ("filename=Ivy.wav", "Ivy.wav"),
        ('filename="a b;c,d.wav"', "a b;c,d.wav"),
        ('filename="Žaneta řeší – 音.wav"', "Žaneta řeší – 音.wav"),
        ('filename="a%22b%0Dc.wav"', 'a"b\rc.wav'),
        (r'filename="a\"b.wav"', 'a"b.wav'),
        ('filename="100%.wav"', "100%.wav"),
        ('filename=""', ""),
        ("filename*=UTF-8''%C5%BDaneta.wav", "Žaneta.wav"),
        ("filename*=utf-8'cs'%C5%BDaneta.wav", "Žaneta.wav"),
        ("filename*=iso-8859-1''caf%E9.wav", "café.wav"),
        ("filename=\"plain.wav\"; filename*=utf-8''%C5%BD.wav", "Ž.wav"),
        ("filename*=utf-8''%C5%BD.wav; filename=\"plain.wav\"", "Ž.wav"),
        ("FileName*=Utf-8''%C5%BD.wav", "Ž.wav"),
        ("filename*=utf-8''%FF.wav", "\N{REPLACEMENT CHARACTER}.wav"),
    ],
)
def test_a_file_name_is_read_as_clients_write_it(
    read_upload: Callable[..., Upload], make_form: Callable[..., bytes], head: str, expected: str
) -> None:
    assert read_upload(make_form((f'name="file"; {head}', b"x"))).filename == expected


@pytest.mark.parametrize("charset", ["no-such", "hex", "idna", "punycode", "undefined", "unicode_escape", "utf-16"])
def test_a_file_name_in_a_charset_that_nobody_may_use_falls_back(
    read_upload: Callable[..., Upload], make_form: Callable[..., bytes], charset: str
) -> None:
    head = f'name="file"; filename="plain.wav"; filename*={charset}\'\'%5Cud800%FF'
    assert read_upload(make_form((head, b"x"))).filename == "plain.wav"


def test_a_quoted_file_name_may_look_like_an_extended_one(
    read_upload: Callable[..., Upload], make_form: Callable[..., bytes]
) -> None:
    head = 'name="file"; filename="a; filename*=utf-8\'\'b.wav"'
    assert read_upload(make_form((head, b"x"))).filename == "a; filename*=utf-8''b.wav"


def test_header_names_of_a_part_may_be_in_any_case(read_upload: Callable[..., Upload], form_type: str) -> None:
    boundary = form_type.rpartition("=")[2]
    body = (
        f"--{boundary}\r\nContent-Type: audio/wav\r\ncontent-DISPOSITION: form-data; name=file; filename*=utf-8''%41\r\n\r\n"
        f"x\r\n--{boundary}--\r\n"
    )
    assert read_upload(body.encode()).filename == "A"


def test_of_two_parts_with_one_name_the_later_counts(
    read_upload: Callable[..., Upload], make_form: Callable[..., bytes]
) -> None:
    body = make_form(
        (FILE, b"first"), (CONFIG, b"[]"), ('name="file"; filename="second.wav"', b"second"), (CONFIG, b"{}")
    )
    upload = read_upload(body)
    assert (upload.filename, upload.size, upload.config) == ("second.wav", 6, "{}")
    assert upload.sha256 == hashlib.sha256(b"second").hexdigest()


def test_a_text_field_after_the_file_counts_as_the_file(
    read_upload: Callable[..., Upload], make_form: Callable[..., bytes]
) -> None:
    refusal = refusal_of(read_upload, make_form((FILE, b"first"), ('name="file"', b"text")))
    assert [(d.location, d.type) for d in refusal.detail] == [(("body", "file"), "value_error")]


def test_a_file_after_a_text_field_counts(read_upload: Callable[..., Upload], make_form: Callable[..., bytes]) -> None:
    assert read_upload(make_form(('name="file"', b"text"), (FILE, b"first"))).size == 5


def test_an_empty_file_is_a_file(read_upload: Callable[..., Upload], make_form: Callable[..., bytes]) -> None:
    upload = read_upload(make_form((FILE, b"")))
    assert (upload.size, upload.sha256) == (0, hashlib.sha256().hexdigest())
    assert upload.media.fault == "the file is empty"


def test_a_config_that_is_sent_as_a_file_is_refused(
    read_upload: Callable[..., Upload], make_form: Callable[..., bytes]
) -> None:
    body = make_form((FILE, b"x"), ('name="config"; filename="blob"', b'{"max_speakers": 1}'))
    refusal = refusal_of(read_upload, body)
    assert (refusal.status, refusal.detail[0].location) == (422, ("body", "config"))
    assert "got a file" in refusal.reason


def test_an_empty_config_is_an_absent_one(read_upload: Callable[..., Upload], make_form: Callable[..., bytes]) -> None:
    assert read_upload(make_form((FILE, b"x"), (CONFIG, b""))).config is None
    assert read_upload(make_form((FILE, b"x"))).config is None


def test_a_form_in_which_no_file_was_chosen_has_none(
    read_upload: Callable[..., Upload], make_form: Callable[..., bytes]
) -> None:
    refusal = refusal_of(read_upload, make_form(('name="file"; filename=""', b"")))
    assert (refusal.status, refusal.detail[0].type) == (422, "missing")


@pytest.mark.parametrize("parts", [(), ((CONFIG, b"{}"),), (('name="files"; filename="a"', b"x"),)])
def test_a_missing_file_is_refused(
    read_upload: Callable[..., Upload], make_form: Callable[..., bytes], parts: tuple[tuple[str, bytes], ...]
) -> None:
    refusal = refusal_of(read_upload, make_form(*parts))
    assert refusal.status == 422
    assert [(d.location, d.type) for d in refusal.detail] == [(("body", "file"), "missing")]


def test_a_file_sent_as_text_is_refused(read_upload: Callable[..., Upload], make_form: Callable[..., bytes]) -> None:
    refusal = refusal_of(read_upload, make_form(('name="file"', b"RIFF")))
    assert refusal.status == 422
    assert [(d.location, d.type) for d in refusal.detail] == [(("body", "file"), "value_error")]


@pytest.mark.parametrize(
    "content_type", ["", "audio/wav", "application/json", "application/x-www-form-urlencoded", "multipart/mixed", "x"]
)
def test_a_body_that_is_no_form_has_no_file(
    read_upload: Callable[..., Upload], make_form: Callable[..., bytes], content_type: str
) -> None:
    refusal = refusal_of(read_upload, make_form((FILE, b"x")), content_type=content_type)
    assert (refusal.status, refusal.detail[0].location) == (422, ("body", "file"))


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=another",
        "multipart/form-data; boundary*=no-such''%41",
        "multipart/form-data; boundary*=hex''%41",
        "multipart/form-data; boundary*=undefined''%41",
        "multipart/form-data; boundary*=unicode_escape''%5Cud800",
        "multipart/form-data; boundary=é",
        "multipart/form-data; boundary=" + "b" * (LONGEST_BOUNDARY + 1),
    ],
)
def test_a_form_without_its_boundary_is_broken(
    read_upload: Callable[..., Upload], make_form: Callable[..., bytes], content_type: str
) -> None:
    refusal = refusal_of(read_upload, make_form((FILE, b"x")), content_type=content_type)
    assert (refusal.status, refusal.detail) == (400, ())


@pytest.mark.parametrize(
    "content_type", ['Multipart/Form-Data; BOUNDARY="a b"', 'multipart/form-data;boundary="a b"; x=y']
)
def test_a_boundary_may_be_quoted(
    read_upload: Callable[..., Upload], make_form: Callable[..., bytes], content_type: str
) -> None:
    assert read_upload(make_form((FILE, b"x"), boundary="a b"), content_type=content_type).size == 1


def test_a_body_cut_off_anywhere_is_broken(read_upload: Callable[..., Upload], make_form: Callable[..., bytes]) -> None:
    body = make_form((CONFIG, b"{}"), (FILE, b"RIFF and more"))
    complete = len(body) - len(b"\r\n")
    assert refusal_of(read_upload, b"").status == 422
    for length in range(1, complete):
        with pytest.raises(Refusal) as caught:
            read_upload(body[:length])
        assert caught.value.status == 400, body[:length]
    assert read_upload(body[:complete]).size == 13


def test_what_follows_the_last_boundary_is_passed_over(
    read_upload: Callable[..., Upload], make_form: Callable[..., bytes]
) -> None:
    body = make_form((FILE, b"x")) + b"an epilogue\r\n" * 9
    assert read_upload(body) == read_upload(body, chunk=1)


@pytest.mark.parametrize("before", [b" ", b"\n ", b"a preamble\r\n", b"\0" * 5000])
def test_a_body_begins_with_its_boundary(
    read_upload: Callable[..., Upload], make_form: Callable[..., bytes], before: bytes
) -> None:
    body = make_form((FILE, b"x"))
    assert refusal_of(read_upload, before + body).status == 400
    for chunk in (1, 7, 65536):
        assert read_upload(b"\r\n\n\r" + body, chunk=chunk).size == 1


def test_a_compressed_body_is_named_as_what_it_is(
    read_upload: Callable[..., Upload], make_form: Callable[..., bytes]
) -> None:
    refusal = refusal_of(read_upload, gzip.compress(make_form((FILE, b"x"))))
    assert refusal.status == 400
    assert "compressed with gzip" in refusal.reason


def test_an_empty_chunk_changes_nothing(form_type: str, make_form: Callable[..., bytes]) -> None:
    reader = UploadReader(form_type, largest_file=9, assumed=Media())
    body = make_form((FILE, b"x"))
    for piece in (b"", body[:50], b"", body[50:], b"", b""):
        reader.feed(piece)
    assert reader.close().size == 1


def test_a_part_without_a_name_breaks_the_form(
    read_upload: Callable[..., Upload], make_form: Callable[..., bytes]
) -> None:
    assert refusal_of(read_upload, make_form(("filename=x", b"nameless"), (FILE, b"x"))).status == 400
    assert read_upload(make_form((FILE, b"x"), ('name=""', b"empty"))).size == 1


def test_ten_thousand_parts_are_refused(read_upload: Callable[..., Upload], make_form: Callable[..., bytes]) -> None:
    most = make_form(*[('name="a"', b"")] * MOST_PARTS, (FILE, b"x"))
    assert read_upload(most).size == 1
    assert refusal_of(read_upload, make_form((FILE, b"x"), *[('name="a"', b"")] * 10_000)).status == 400


def test_a_large_config_is_refused(read_upload: Callable[..., Upload], make_form: Callable[..., bytes]) -> None:
    largest = b" " * (LARGEST_TEXT - 2) + b"{}"
    assert len(read_upload(make_form((CONFIG, largest), (FILE, b"x"))).config or "") == LARGEST_TEXT
    refusal = refusal_of(read_upload, make_form((CONFIG, largest + b" "), (FILE, b"x")))
    assert refusal.status == 400
    assert "a text field is larger than 1048576 bytes" in refusal.reason


def test_what_is_no_utf_8_is_latin_1(read_upload: Callable[..., Upload], make_form: Callable[..., bytes]) -> None:
    body = make_form((FILE, b"x"), (CONFIG, b'{"a": "\xff"}'))
    assert read_upload(body).config == '{"a": "ÿ"}'
    assert read_upload(body.replace(b"call", b"\xff")).filename == "ÿ.wav"


def test_a_file_above_the_limit_is_refused_and_the_rest_passed_over(
    read_upload: Callable[..., Upload], make_form: Callable[..., bytes]
) -> None:
    assert read_upload(make_form((FILE, b"x" * 100)), largest_file=100).size == 100
    refusal = refusal_of(read_upload, make_form((FILE, b"x" * 101), (CONFIG, b"broken")), largest_file=100)
    assert (refusal.status, refusal.detail) == (413, ())
    assert "100 bytes (limits.upload_bytes)" in refusal.reason


def test_a_refusal_is_known_before_the_body_ends(form_type: str, make_form: Callable[..., bytes]) -> None:
    reader = UploadReader(form_type, largest_file=100, assumed=Media())
    reader.feed(make_form((FILE, b"x" * 1000))[:500])
    reader.feed(b"whatever comes afterwards")
    with pytest.raises(Refusal) as caught:
        reader.close()
    assert caught.value.status == 413


def describe(body: bytes, form_type: str) -> tuple[Part, ...] | None:
    reader = UploadReader(form_type, largest_file=10_000, assumed=Media())
    reader.feed(body)
    with contextlib.suppress(Refusal):
        reader.close()
    return reader.describe()


@pytest.mark.parametrize(
    ("parts", "described"),
    [
        ([], ()),
        (
            [(CONFIG, b"{}"), (FILE, b"RIFF")],
            (describe_field("config", "{}"), describe_content("file", b"RIFF", "call.wav")),
        ),
        ([(FILE, b"RIFF"), ('name="x"', b"?")], (describe_content("file", b"RIFF", "call.wav"), Part(name="x"))),
        ([(CONFIG, b"no JSON")], (describe_field("config", "no JSON"),)),
        ([('name="file"', b"text")], (Part(name="file"),)),
        ([(CONFIG, b"\xff")], (Part(name="config", size=1, sha256=hashlib.sha256(b"\xff").hexdigest()),)),
        ([('name="config"; filename="blob"', b"{}")], (describe_content("config", b"{}", ""),)),
        ([(CONFIG, b"9" * (LONGEST_STORED + 1))], (Part(name="config", size=LONGEST_STORED + 1),)),
    ],
)
def test_a_whole_form_is_described_in_its_order_also_if_it_is_refused(
    make_form: Callable[..., bytes], form_type: str, parts: list[tuple[str, bytes]], described: tuple[Part, ...]
) -> None:
    assert describe(make_form(*parts), form_type) == described


def test_the_sound_of_a_recording_is_described(
    make_form: Callable[..., bytes], make_wav: Callable[..., bytes], form_type: str
) -> None:
    wav = make_wav(0.5)
    sound = Sound(length=50, loud=(True,))
    assert describe(make_form((FILE, wav)), form_type) == (
        replace(describe_content("file", wav, "call.wav"), sound=sound),
    )


@pytest.mark.parametrize("end", [-5, -40])
def test_of_what_is_no_whole_form_nothing_is_known(make_form: Callable[..., bytes], form_type: str, end: int) -> None:
    assert describe(make_form((FILE, b"RIFF"))[:end], form_type) is None
    assert describe(make_form((FILE, b"R" * 10_001)), form_type) is None
    assert describe(b"{}", "application/json") is None
