from __future__ import annotations

import gzip
import zlib
from functools import partial

import pytest

from diarkit_contracts.exchanges.exchange import Loss
from diarkit_contracts.target.coding import CodingError, decode_body

compress = partial(gzip.compress, mtime=0)  # the same bytes in each process that collects these tests
MOST = 1000


def deflate_raw(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("", b"text"),
        ("identity", b"text"),
        ("gzip", compress(b"text")),
        ("X-GZIP", compress(b"text")),
        ("gzip", compress(b"te") + compress(b"xt")),
        ("deflate", zlib.compress(b"text")),
        ("deflate", deflate_raw(b"text")),
        ("deflate, gzip", compress(zlib.compress(b"text"))),
    ],
)
def test_codings_are_taken_off_in_turn(coding: str, body: bytes) -> None:
    assert decode_body(body, (("Content-Encoding", coding),), MOST) == b"text"


def test_no_body_has_no_coding() -> None:
    assert decode_body(b"", (("content-encoding", "gzip"),), MOST) == b""


def test_codings_of_several_headers_are_one_list() -> None:
    headers = (("content-encoding", "deflate"), ("Content-Encoding", "gzip"))
    assert decode_body(compress(zlib.compress(b"text")), headers, MOST) == b"text"


@pytest.mark.parametrize(
    ("coding", "body", "loss"),
    [
        ("gzip", b"text", Loss.BADLY_CODED),
        ("gzip", compress(b"text")[:-1], Loss.BADLY_CODED),
        ("deflate", b"text", Loss.BADLY_CODED),
        ("br", b"text", Loss.BADLY_CODED),
        ("gzip, gzip, gzip, gzip, gzip", compress(b"text"), Loss.BADLY_CODED),
        ("gzip", compress(b"x" * (MOST + 1)), Loss.TOO_LARGE),
        ("gzip, gzip", compress(compress(b"x" * (1 << 24))), Loss.TOO_LARGE),
    ],
)
def test_what_is_not_in_its_coding_or_too_large_without_it_is_lost(coding: str, body: bytes, loss: Loss) -> None:
    with pytest.raises(CodingError) as caught:
        decode_body(body, (("content-encoding", coding),), MOST)
    assert caught.value.loss is loss
