from __future__ import annotations

from diarkit_mockserver.submission import MediaFacts, Parameters, Submission


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
