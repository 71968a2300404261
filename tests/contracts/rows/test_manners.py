from __future__ import annotations

import re

import pytest

from diarkit_contracts.rows.call import Attached, Call
from diarkit_contracts.rows.manners import MANNERS, Manner
from diarkit_contracts.rows.uploads import make_uploads

BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=?]{1,70}")
"""RFC 2046, 5.1.1, without the blank."""

TOKEN = re.compile(r"[0-9A-Za-z!#$%&'*+.^_`|~-]+")


@pytest.mark.parametrize("manner", MANNERS.values(), ids=list(MANNERS))
def test_a_boundary_is_legal_and_quoted_if_it_must_be(manner: Manner) -> None:
    boundary = manner.style.boundary
    assert BOUNDARY.fullmatch(boundary)
    assert TOKEN.fullmatch(boundary) or '"{}"' in manner.style.kind


def test_the_longest_boundary_has_all_characters_that_must_be_quoted() -> None:
    boundary = MANNERS["long-boundary"].style.boundary
    assert len(boundary) == 70
    assert set("'()+_,-./:=?") <= set(boundary)


def test_the_client_of_the_guide_gives_no_types_and_a_file_a_name() -> None:
    raw = Call(body=(Attached("file:junk", "Kathryn_Paula.wav"),), manner="as-requests").raw
    assert raw is not None
    assert b"Content-Type" not in raw.content
    assert b'name="file"; filename="Kathryn_Paula.wav"\r\n\r\n' in raw.content


def test_only_a_body_in_chunks_has_no_length() -> None:
    assert [name for name, manner in MANNERS.items() if manner.is_chunked] == ["streamed"]


def test_every_manner_is_in_a_row() -> None:
    assert {row.call.manner for row in make_uploads()} == set(MANNERS)
