from __future__ import annotations

import json

import pytest

from diarkit_contracts.exchanges.exchange import Answer, Exchange, Request
from diarkit_contracts.runs.generation import ask_generation, find_generation
from diarkit_contracts.target.client import Caps, Target, UnreachableError


class Told:
    """Answers each call with one version, or not at all."""

    def __init__(self, version: object, status: int = 200) -> None:
        self.answer = Answer(status=status, body=json.dumps({"version": version}).encode())
        self.seen: list[Request] = []

    def send(self, request: Request, content: bytes, _: float) -> Answer:
        assert not content
        self.seen.append(request)
        if self.answer.status == 0:
            raise UnreachableError(request.url, "no")
        return self.answer


@pytest.mark.parametrize(
    ("version", "name", "assumed"),
    [
        ("5.0.0", "5.0", ""),
        ("3.6.0", "3.6", ""),
        ("9.1", "3.6", "unknown generation of version '9.1': assuming 3.6"),
        (None, "3.6", "no version was reported by GET /api/system/info: assuming 3.6"),
    ],
)
def test_a_server_is_held_against_the_generation_of_its_version(version: object, name: str, assumed: str) -> None:
    transport = Told(version)
    target = Target("http://stub", transport)
    profile, said = ask_generation(target)
    assert (profile.name, said) == (name, assumed)
    assert [(one.method, one.path) for one in transport.seen] == [("GET", "/api/system/info")]
    assert target.exchanges == []  # what is judged comes with the rows


@pytest.mark.parametrize(("status", "caps"), [(0, Caps()), (200, Caps(calls=0))])
def test_a_server_that_was_not_heard_is_held_against_the_usual_one(status: int, caps: Caps) -> None:
    target = Target("http://stub", Told("5.0.0", status), caps)
    profile, said = ask_generation(target)
    assert (profile.name, bool(said), target.lost) == ("3.6", True, [])


def test_a_recording_tells_by_the_first_version_in_it() -> None:
    def say(version: str, path: str = "/api/system/info") -> Exchange:
        body = json.dumps({"version": version}).encode()
        return Exchange(Request(method="GET", url=f"http://stub{path}"), Answer(status=200, body=body))

    assert find_generation([say("9", "/other"), say("4.0.0-rc1"), say("5.0.0")])[0].name == "3.7"
    assert find_generation([])[0].name == "3.6"
