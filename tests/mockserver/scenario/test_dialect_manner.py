from __future__ import annotations

import json
from typing import Any

import pytest

from diarkit_contracts.api.profiles import DEFAULT
from diarkit_mockserver.scenario.dialect import HABITS, Manner, find_manner

JSON = (b"content-type", b"application/json")
DONE = b'{"task":{"state":"done"},"result":{"channels":[{"channel_number":1,"segments":[{"speaker_id":0,"start_time":1.0,"end_time":2.5}]},{"channel_number":0,"segments":[]}]}}'


def make(**points: Any) -> Manner:
    manner = find_manner(DEFAULT.overlay(points, "a test"))
    assert manner is not None
    return manner


def test_the_usual_platform_has_no_manner() -> None:
    assert find_manner(DEFAULT) is None
    assert find_manner(DEFAULT.overlay({"bad_mode": 400, "version": "5.0.0"}, "a test")) is None


@pytest.mark.parametrize(
    ("points", "status", "has_body", "headers", "dressed"),
    [
        ({"server": "nginx"}, 200, True, (JSON,), (JSON, (b"server", b"nginx"))),
        ({"server": "nginx"}, 200, False, (), ()),
        ({"content_type": "text/json"}, 404, True, (JSON,), ((b"content-type", b"text/json"),)),
        ({"allow": "{allowed}, HEAD"}, 405, True, (JSON, (b"allow", b"GET")), (JSON, (b"allow", b"GET, HEAD"))),
        ({"allow": ""}, 405, True, (JSON, (b"allow", b"GET")), (JSON,)),
        ({"allow": "{allowed}, HEAD"}, 404, True, (JSON,), (JSON,)),
        ({"request_id": "absent"}, 200, True, (JSON, (b"x-request-id", b"1")), (JSON,)),
        ({"correlation_id": "absent"}, 200, True, (JSON, (b"x-request-id", b"1")), (JSON, (b"x-request-id", b"1"))),
    ],
)  # fmt: skip
def test_headers_are_those_of_the_platform(
    points: Any, status: int, has_body: bool, headers: Any, dressed: Any
) -> None:
    assert make(**points).dress(status, has_body, headers) == dressed


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ({"spacing": "spaced"}, '{"task": {"state": "done"}, "result"'),
        ({"whole_seconds": "integer"}, '"start_time":1,"end_time":2.5'),
        ({"first_speaker": 1}, '"speaker_id":1,"start_time":1.0'),
        ({"channel_order": "sorted"}, '"channels":[{"channel_number":0'),
    ],
)
def test_each_habit_changes_the_json_of_a_success_and_nothing_else(points: Any, said: str) -> None:
    manner = make(**points)
    told = manner.restyle(200, DONE)
    assert said in told.decode()
    assert said not in DONE.decode()
    assert manner.restyle(404, DONE) == DONE
    assert manner.restyle(200, b"no JSON") == b"no JSON"
    assert manner.restyle(200, b'{"result":{"channels":[1]}}').replace(b" ", b"") == b'{"result":{"channels":[1]}}'
    assert manner.restyle(200, b"[]").replace(b" ", b"") == b"[]"


def test_all_habits_together_keep_what_is_told() -> None:
    manner = make(spacing="spaced", whole_seconds="integer", first_speaker=1, channel_order="sorted")
    assert manner.habits == set(HABITS)
    (silent, spoken) = json.loads(manner.restyle(200, DONE))["result"]["channels"]
    assert silent == {"channel_number": 0, "segments": []}
    assert spoken["segments"] == [{"speaker_id": 1, "start_time": 1, "end_time": 2.5}]
