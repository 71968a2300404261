from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from diarkit_mockserver.intake.submission import Given, MediaFacts, Parameters, Submission


def test_a_request_without_parameters_asks_for_all_of_the_file() -> None:
    asked = Parameters()
    assert (asked.channel_mode, asked.channels, asked.range_from, asked.range_to) == ("split", (), 0.0, None)
    assert asked.max_speakers is None
    assert asked.total_speakers is None


def test_submissions_share_nothing_that_can_be_changed() -> None:
    first, second = (Submission(filename="a", sha256="0", size=0, media=MediaFacts(kind="unknown")) for _ in range(2))
    assert first == second
    assert first.query is not second.query
    assert first.headers is not second.headers


def test_parameters_can_be_compared_and_counted() -> None:
    assert len({Parameters(), Parameters(range_from=0), Parameters(channels=(0,))}) == 2


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({"config": {"x": 1}, "asked": Given({"y": ""}, {"z": ""}), "occurrence": 2, "size": 3}, True),
        ({"parameters": Parameters()}, True),
        ({"parameters": Parameters(range_from=0)}, True),
        ({"filename": "b"}, False),
        ({"sha256": "1"}, False),
        ({"parameters": Parameters(channel_mode="mix")}, False),
        ({"parameters": Parameters(channels=(0,))}, False),
        ({"parameters": Parameters(range_from=1)}, False),
        ({"parameters": Parameters(range_to=1)}, False),
        ({"parameters": Parameters(max_speakers=1)}, False),
        ({"parameters": Parameters(total_speakers=1)}, False),
    ],
)
def test_the_file_its_name_and_the_parameters_make_a_request(other: dict[str, Any], *, same: bool) -> None:
    first = Submission(filename="a", sha256="0", size=0, media=MediaFacts(kind="unknown"))
    assert (replace(first, **other).identity == first.identity) is same
