from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.control.client import Control, NearControl
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diarkit_mockserver.control.client import Sender

TOKEN = "a-token"  # noqa: S105 - of a test
"""What asking for secrets needs."""


@pytest.fixture(params=["http", "near"])
def sender(request: pytest.FixtureRequest, start: Callable[..., Any]) -> Iterator[Sender]:
    """Both ways to the calls of a server of its own: whatever a test sees has to be the same."""
    platform = Platform(World(), nonce="a-nonce")
    platform.reveal_token = TOKEN
    thread = start(platform=platform)
    way: Control | NearControl = (
        Control(thread.url, TOKEN) if request.param == "http" else NearControl(thread.url, platform, thread.call)
    )
    with closing(way) as sender:
        yield sender
