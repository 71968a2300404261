from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.commands.start import list_addresses, write_greeting

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESSES = list_addresses("http://127.0.0.1:8000")


def test_each_address_stands_in_a_line_of_its_own() -> None:
    assert "\n".join(write_greeting(ADDRESSES, None, everywhere=False)) == (
        "  API            http://127.0.0.1:8000/api/technology/speaker-diarization\n"
        "  documentation  http://127.0.0.1:8000/docs\n"
        "  page           http://127.0.0.1:8000/__diarkit/\n"
        "  control API    http://127.0.0.1:8000/__diarkit/v1/docs"
    )


def test_other_machines_are_told_how_they_get_there() -> None:
    *_, last = write_greeting(ADDRESSES, None, everywhere=True)
    assert "on all interfaces" in last


@pytest.mark.parametrize("name", ["documentation", "page", "control API"])
def test_what_is_named_is_there(start: Callable[..., Any], ask: Callable[..., Any], name: str) -> None:
    assert ask(list_addresses(start().url)[name]).status == 200
