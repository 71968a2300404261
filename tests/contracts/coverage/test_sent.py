from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from diarkit_contracts.coverage.sent import find_kinds, list_kinds
from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request, Sound, describe_field
from diarkit_contracts.exchanges.exchange import Part as Described
from diarkit_contracts.exchanges.history import read_history

if TYPE_CHECKING:
    from diarkit_contracts.exchanges.history import Start

URL = "http://any/api/technology/speaker-diarization"
FILE = Described(name="file", filename="a.wav", sound=Sound(length=300, loud=(True,)))
USUAL = {"audio of one channel", "no config", "no channel_mode"}


def read_start(query: str = "", *parts: Described, is_body_known: bool = True) -> Start:
    request = Request(method="POST", url=f"{URL}?{query}", parts=parts or None, is_body_known=is_body_known)
    return read_history([Exchange(request, Answer(status=202))]).starts[0]


@pytest.mark.parametrize(
    ("query", "parts", "more", "less"),
    [
        ("", (FILE,), set(), set()),
        ("", (replace(FILE, filename="ľ.wav"),), {"a file name beyond ASCII"}, set()),
        ("", (replace(FILE, filename="call"),), {"a file name without a suffix"}, set()),
        ("", (replace(FILE, sound=Sound(length=79, loud=(True,))),), {"audio of less than 0.8 s"}, set()),
        ("", (replace(FILE, sound=Sound(length=80, loud=(False,))),), {"audio without speech"}, set()),
        (
            "",
            (replace(FILE, sound=Sound(length=80, loud=(True, False))),),
            {"audio of two channels", "audio with a silent channel"},
            {"audio of one channel"},
        ),
        (
            "",
            (replace(FILE, sound=Sound(length=80, loud=(True,) * 3)),),
            {"audio of more channels"},
            {"audio of one channel"},
        ),
        ("", (replace(FILE, sound=None),), set(), {"audio of one channel"}),
        ("", (FILE, describe_field("config", '{"max_speakers": 2}')), {"config with max_speakers"}, {"no config"}),
        (
            "",
            (describe_field("config", '{"total_speakers": 2}'), FILE),
            {"config with total_speakers", "config ahead of the file"},
            {"no config"},
        ),
        ("", (FILE, describe_field("config", '{"x": 2}')), {"an unknown key of config"}, {"no config"}),
        ("", (FILE, describe_field("config", "no JSON")), set(), {"no config"}),
        ("", (FILE, describe_field("note", "x")), {"an unknown part of the form"}, set()),
        ("channel_mode=mix", (FILE,), {"channel_mode mix"}, {"no channel_mode"}),
        ("channels=0,1", (FILE,), {"selected channels"}, set()),
        ("channels=1,0", (FILE,), {"channels in another order"}, set()),
        ("range_from=1", (FILE,), {"range_from"}, set()),
        ("range_to=1", (FILE,), {"range_to"}, set()),
        ("range_from=1&range_to=2", (FILE,), {"range_from and range_to"}, set()),
        ("colour=blue", (FILE,), {"an unknown query parameter"}, set()),
    ],
)
def test_an_upload_is_of_its_kinds(query: str, parts: tuple[Described, ...], more: set[str], less: set[str]) -> None:
    assert set(find_kinds(read_start(query, *parts))) == (USUAL | more) - less


def test_what_nobody_recorded_is_of_no_kind() -> None:
    assert set(find_kinds(read_start(is_body_known=False))) == {"no channel_mode"}


def test_all_kinds_are_those_that_the_rows_send() -> None:
    kinds = list_kinds()
    assert len(kinds) == len(set(kinds)) == 23
    assert set(kinds) >= USUAL
