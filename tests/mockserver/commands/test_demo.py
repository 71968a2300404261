from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

SPEAKERS = {
    "Kathryn_Paula.wav": [2],
    "Laura_Harry_Veronika.wav": [1, 2],
    "Laura_Ivy_Kathryn.wav": [3],
    "Veronika_Harry.wav": [2],
}


@pytest.fixture(scope="module")
def shown(diarkit: Callable[..., subprocess.CompletedProcess[str]]) -> str:
    ended = diarkit("demo", env={"http_proxy": "http://127.0.0.1:1"})
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_every_recording_of_the_guide_is_done_with_the_guides_speakers(shown: str) -> None:
    parts = re.split(r"\n\[\d/4\] ", shown)[1:]
    assert [part.splitlines()[0] for part in parts] == list(SPEAKERS)
    for part, expected in zip(parts, SPEAKERS.values(), strict=True):
        assert re.findall(r"channel (\d): (\d) speakers? ", part) == [
            (str(channel), str(count)) for channel, count in enumerate(expected)
        ]


def test_every_step_of_the_guide_is_shown(shown: str) -> None:
    parts = re.split(r"\n\[\d/4\] ", shown)[1:]
    for part in parts:
        post, *polls = re.findall(r"^  (POST .*|GET .*)$", part, re.MULTILINE)
        assert re.search(r"POST [\d,]+ bytes -> 202, X-Location: http://127\.0\.0\.1:\d+/api/technology/", post)
        assert polls[-1] == "GET -> done"
        assert "GET -> running" in polls


def test_each_channel_has_a_timeline_of_one_line(shown: str) -> None:
    lines = re.findall(r"channel \d: \d speakers? +(\S+) ", shown)
    assert len(lines) == sum(map(len, SPEAKERS.values()))
    assert len({len(line) for line in lines}) == 1
    assert all("·" in line or "0" in line for line in lines)


def test_it_ends_with_the_commands_to_go_on_with(shown: str) -> None:
    end = shown[shown.rindex("Next steps") :]
    assert all(f"  diarkit {command}" in end for command in ("serve", "samples write", "scenario check"))
    assert "diarization_server" in end
