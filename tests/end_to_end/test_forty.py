"""Forty small tests as a user would write them, with the client that each of them has at hand. Each passes as it reads.

    pytest tests/end_to_end/test_forty.py

Longer than other files, as there are forty.
"""

from __future__ import annotations

import asyncio
import json
import unittest
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import aiohttp
import httpx
import pytest
import requests

from diarkit_mockserver.testing import Fake, Segment

if TYPE_CHECKING:
    from collections.abc import Callable

API = "/api/technology/speaker-diarization"
AUDIO = b"fake audio"
STATES = ("done", "failed", "rejected")

Server = Any


def upload(server: Server, name: str = "call.wav", data: bytes = AUDIO, **more: Any) -> requests.Response:
    return requests.post(server.endpoint, files={"file": (name, data)}, timeout=60, **more)


def poll(location: str) -> dict[str, Any]:
    """Poll until the end, on a fake and on a platform."""
    while (body := requests.get(location, timeout=60).json())["task"]["state"] not in STATES:
        pass
    return dict(body)


def diarize(server: Server, name: str = "call.wav", data: bytes = AUDIO, **more: Any) -> dict[str, Any]:
    answer = upload(server, name, data, **more)
    answer.raise_for_status()
    return poll(answer.headers["X-Location"])


def list_segments(body: dict[str, Any], channel: int = 0) -> list[tuple[int, float, float]]:
    return [
        (one["speaker_id"], one["start_time"], one["end_time"])
        for one in body["result"]["channels"][channel]["segments"]
    ]


# What the answers are.


def test_01_fake_audio_is_diarized(diarization_server: Server) -> None:
    assert diarize(diarization_server)["task"]["state"] == "done"


@pytest.mark.diarization_strict
def test_02_a_strict_server_rejects_what_is_no_audio(diarization_server: Server) -> None:
    assert diarize(diarization_server)["task"]["state"] == "rejected"


def test_03_a_result_is_given_by_tuples(diarization_server: Server) -> None:
    diarization_server.respond(segments=[[(0, 0.5, 2.25), (1, 3, 4)]])
    assert list_segments(diarize(diarization_server)) == [(0, 0.5, 2.25), (1, 3, 4)]


def test_04_a_result_is_given_by_dicts(diarization_server: Server) -> None:
    diarization_server.respond(segments=[[{"speaker_id": 0, "start_time": 0, "end_time": 1}]])
    assert list_segments(diarize(diarization_server)) == [(0, 0, 1)]


def test_05_a_result_is_given_by_segments_of_the_kit(diarization_server: Server) -> None:
    diarization_server.respond(segments=[[Segment(0, 50, 225)]])
    assert list_segments(diarize(diarization_server)) == [(0, 0.5, 2.25)]


def test_06_short_and_overlapping_segments_arrive_as_they_are(diarization_server: Server) -> None:
    segments = [(0, 0, 2), (1, 1, 1.05), (0, 1.5, 1.52)]
    diarization_server.respond(segments=[segments])
    assert list_segments(diarize(diarization_server)) == segments


def test_07_a_task_fails(diarization_server: Server) -> None:
    diarization_server.respond(failed="Out of memory.")
    assert diarize(diarization_server)["error"]["message"] == "Out of memory."


def test_08_a_number_of_speakers_is_enough(diarization_server: Server) -> None:
    diarization_server.respond(speakers=3)
    assert diarize(diarization_server)["result"]["channels"][0]["speakers_count"] == 3


def test_09_a_task_takes_three_polls(diarization_server: Server) -> None:
    diarization_server.respond(course={"polls": {"pending": 1, "running": 1}})
    location = upload(diarization_server).headers["X-Location"]
    assert [requests.get(location, timeout=60).json()["task"]["state"] for _ in range(3)] == [
        "pending",
        "running",
        "done",
    ]


def test_10_the_recordings_have_known_truth(diarization_server: Server, diarization_recordings: Any) -> None:
    recording = diarization_recordings["Veronika_Harry.wav"]
    found = list_segments(diarize(diarization_server, data=recording.data))
    assert found == [(one.speaker, one.start / 100, one.end / 100) for one in recording.truth[0]]


# Errors.


def test_11_a_client_backs_off_on_429(diarization_server: Server) -> None:
    diarization_server.respond(http=429)
    assert int(upload(diarization_server).headers["Retry-After"]) > 0
    assert upload(diarization_server).status_code == 202


def test_12_an_overloaded_server_says_when_to_come_again(diarization_server: Server) -> None:
    diarization_server.respond(http={"status": 503, "retry_after": 5})
    answer = upload(diarization_server)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_13_or_at_which_date(diarization_server: Server) -> None:
    diarization_server.respond(http={"status": 503, "retry_after": 5, "retry_after_as": "date"})
    assert upload(diarization_server).headers["Retry-After"].endswith(" GMT")


def test_14_a_redirect_is_followed(diarization_server: Server) -> None:
    diarization_server.respond(http={"status": 307, "headers": {"Location": diarization_server.endpoint}})
    assert upload(diarization_server).history[0].status_code == 307


def test_15_a_gateway_wants_credentials(diarization_server: Server) -> None:
    diarization_server.respond(headers={"Authorization": None}, http=401)
    assert upload(diarization_server).status_code == 401
    assert upload(diarization_server, headers={"Authorization": "Bearer x"}).status_code == 202


def test_16_the_first_two_polls_are_refused(diarization_server: Server) -> None:
    diarization_server.set_faults({"on": "poll", "http": 503, "times": 2})
    location = upload(diarization_server).headers["X-Location"]
    assert [requests.get(location, timeout=60).status_code for _ in range(3)] == [503, 503, 200]


def test_17_a_connection_is_reset_in_the_middle_of_a_poll(diarization_server: Server) -> None:
    diarization_server.set_faults({"on": "poll", "connection": "reset_before_headers", "times": 1})
    location = upload(diarization_server).headers["X-Location"]
    with pytest.raises(requests.ConnectionError):
        requests.get(location, timeout=60)
    assert poll(location)["task"]["state"] == "done"


def test_18_a_segment_ends_after_the_audio(diarization_server: Server) -> None:
    diarization_server.set_faults({"on": "submit", "result": "beyond_audio"})
    assert list_segments(diarize(diarization_server))[-1][2] > 60


def test_19_a_page_of_a_proxy_comes_instead_of_json(diarization_server: Server) -> None:
    diarization_server.respond(http={"status": 502, "body": "<h1>Bad gateway</h1>", "content_type": "text/html"})
    assert upload(diarization_server).text.startswith("<h1>")


# Which upload gets what.


def test_20_the_third_upload_fails(diarization_server: Server) -> None:
    diarization_server.respond(upload=3, failed="Third.")
    states = [diarize(diarization_server, name)["task"]["state"] for name in ("a.wav", "b.wav", "c.wav")]
    assert states == ["done", "done", "failed"]


def test_21_the_second_try_of_the_same_file_succeeds(diarization_server: Server) -> None:
    diarization_server.respond(occurrence=1, failed="Try again.")
    assert [diarize(diarization_server)["task"]["state"] for _ in range(2)] == ["failed", "done"]


def test_22_the_result_follows_the_file(diarization_server: Server) -> None:
    diarization_server.respond(filename="ann*", segments=[[(0, 0, 1)]])
    diarization_server.respond(filename="bob*", segments=[[(0, 2, 3)]])
    assert list_segments(diarize(diarization_server, "bob.wav")) == [(0, 2, 3)]
    assert list_segments(diarize(diarization_server, "ann.wav")) == [(0, 0, 1)]


def test_23_a_test_overrides_its_conftest(diarization_server: Server) -> None:
    diarization_server.respond(filename="*", speakers=2)
    diarization_server.respond(filename="*", failed="Not today.")
    assert diarize(diarization_server)["task"]["state"] == "failed"


def test_24_answers_are_served_in_their_order(diarization_server: Server) -> None:
    diarization_server.respond(http=507)
    diarization_server.respond(failed="Then this.")
    assert upload(diarization_server).status_code == 507
    assert diarize(diarization_server)["task"]["state"] == "failed"


def test_25_a_config_is_matched(diarization_server: Server) -> None:
    diarization_server.respond(config={"total_speakers": 2}, rejected="Two are too many.")
    config = {"config": json.dumps({"total_speakers": 2})}
    answer = requests.post(diarization_server.endpoint, files={"file": ("a.wav", AUDIO)}, data=config, timeout=60)
    assert poll(answer.headers["X-Location"])["task"]["state"] == "rejected"


def test_26_a_query_parameter_is_matched(diarization_server: Server) -> None:
    diarization_server.respond(query={"channel_mode": "mix"}, failed="Mixed.")
    assert diarize(diarization_server, params={"channel_mode": "mix"})["task"]["state"] == "failed"
    assert diarize(diarization_server)["task"]["state"] == "done"


# What was sent.


def test_27_what_was_sent_is_checked(diarization_server: Server) -> None:
    upload(diarization_server, "a.wav", params={"channels": "0"}, headers={"X-Api-Key": "k"})
    diarization_server.assert_submitted(filename="a.wav", channels="0", headers={"x-api-key": "k"}, times=1)


def test_28_headers_are_looked_up_as_they_are_written(diarization_server: Server) -> None:
    upload(diarization_server, headers={"Accept": "application/json"})
    assert diarization_server.submissions[0].headers["Accept"] == "application/json"


def test_29_polls_are_counted(diarization_server: Server) -> None:
    answer = upload(diarization_server).json()
    poll(f"{diarization_server.endpoint}/{answer['task']['task_id']}")
    assert len(diarization_server.polls(answer["task"]["task_id"])) == 1


def test_30_a_good_client_is_not_blamed_although_the_test_holds_its_answers(diarization_server: Server) -> None:
    accepted = requests.post(diarization_server.endpoint, files={"file": ("a", AUDIO)}, stream=True, timeout=60)
    polled = poll(accepted.headers["X-Location"])
    assert (accepted.status_code, polled["task"]["state"]) == (202, "done")
    assert diarization_server.conduct() == ()


# Clients.


def test_31_httpx(diarization_server: Server) -> None:
    with httpx.Client(base_url=diarization_server.url) as client:
        answer = client.post(API, files={"file": ("a.wav", AUDIO)})
        assert client.get(answer.headers["x-location"]).json()["task"]["task_id"] == answer.json()["task"]["task_id"]


def test_32_httpx_async_ten_in_parallel(diarization_server: Server) -> None:
    async def send(client: httpx.AsyncClient, number: int) -> int:
        return (await client.post(API, files={"file": (f"{number}.wav", AUDIO)})).status_code

    async def run() -> list[int]:
        async with httpx.AsyncClient(base_url=diarization_server.url) as client:
            return await asyncio.gather(*(send(client, number) for number in range(10)))

    assert asyncio.run(run()) == [202] * 10


def test_33_aiohttp(diarization_server: Server) -> None:
    async def run() -> int:
        async with aiohttp.ClientSession() as session:
            form = aiohttp.FormData()
            form.add_field("file", AUDIO, filename="a.wav")
            async with session.post(diarization_server.endpoint, data=form) as answer:
                return answer.status

    assert asyncio.run(run()) == 202


def test_34_aiohttp_with_a_base_url(diarization_server_factory: Callable[..., Server]) -> None:
    server = diarization_server_factory(root=True)

    async def run() -> int:
        async with aiohttp.ClientSession(base_url=server.url) as session:
            form = aiohttp.FormData()
            form.add_field("file", AUDIO, filename="a.wav")
            async with session.post(API, data=form) as answer:
                return answer.status

    assert asyncio.run(run()) == 202
    server.assert_submitted(filename="a.wav")


def test_35_urllib_with_urljoin_at_the_root(diarization_server_factory: Callable[..., Server]) -> None:
    server = diarization_server_factory({"course": "manual"}, root=True)
    answer = requests.post(urljoin(server.url, API), files={"file": ("a.wav", AUDIO)}, timeout=60)
    with urllib.request.urlopen(answer.headers["X-Location"], timeout=60) as polled:  # noqa: S310 - ours
        assert json.load(polled)["task"]["state"] == "pending"


def test_36_who_leaves_the_path_of_the_url_out_is_told(diarization_fake: Any, diarization_server: Server) -> None:
    if diarization_fake.elsewhere:
        pytest.skip("a server that is not for tests alone has a world at its root")
    answer = requests.post(urljoin(diarization_server.url, API), files={"file": ("a.wav", AUDIO)}, timeout=60)
    assert answer.status_code == 404
    assert "lost the path of its server's URL" in answer.json()["message"]


def test_37_threads(diarization_server: Server) -> None:
    with ThreadPoolExecutor(4) as threads:
        bodies = list(threads.map(lambda number: diarize(diarization_server, f"{number}.wav"), range(8)))
    assert {body["task"]["state"] for body in bodies} == {"done"}


def test_38_two_servers_in_one_test(diarization_server_factory: Callable[..., Server]) -> None:
    one, other = diarization_server_factory(), diarization_server_factory({"limits": {"licensed": False}})
    assert (upload(one).status_code, upload(other).status_code) == (202, 403)


def test_39_an_hour_passes(diarization_server_factory: Callable[..., Server]) -> None:
    server = diarization_server_factory({"course": {"seconds": {"running": 3600}}}, frozen=True)
    location = upload(server).headers["X-Location"]
    assert requests.get(location, timeout=60).json()["task"]["state"] == "running"
    server.advance(3600)
    assert requests.get(location, timeout=60).json()["task"]["state"] in STATES


class Test40(unittest.TestCase):
    """With unittest alone."""

    def test_40(self) -> None:
        fake = Fake()
        self.addCleanup(fake.stop)
        with fake.world() as server:
            server.respond(failed="No.")
            self.assertEqual(diarize(server)["error"]["message"], "No.")  # noqa: PT009 - as unittest is written
