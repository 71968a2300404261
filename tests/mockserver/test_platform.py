from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.clock import Clock
from diarkit_mockserver.limits import Limits, Rate
from diarkit_mockserver.operations import ENDPOINT, INFO
from diarkit_mockserver.platform import Platform
from diarkit_mockserver.request import Request
from diarkit_mockserver.scenario import Scenario
from diarkit_mockserver.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.visit import Visit
    from diarkit_mockserver.wire import Response

    Make = Callable[..., bytes]

HEADERS = {"host": "platform", "content-type": "multipart/form-data; boundary=boundary-of-the-tests"}


def make_platform(scenario: Scenario | None = None, **fields: Any) -> Platform:
    return Platform(World(scenario=scenario or Scenario(course="immediate"), clock=Clock(frozen=True)), **fields)


def enter(platform: Platform, method: str, path: str, **headers: str) -> Visit:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in {**HEADERS, **headers}.items()]
    return platform.enter(Request(method, path, b"", raw, scheme="http", server="127.0.0.1:1"), connection=7)


def ask(platform: Platform, method: str, path: str, body: bytes = b"", **headers: str) -> Response:
    visit = enter(platform, method, path, **headers)
    upload = None
    if platform.is_upload(visit):
        early = platform.refuse_early(visit)
        if early is not None:
            return early
        upload = platform.read_upload(visit)
        upload.feed(body)
        visit.received = len(body)
    response = platform.answer(visit, upload)
    assert response is not None
    return response


@pytest.fixture
def body(make_form: Make, make_wav: Make) -> bytes:
    return make_form(('name="file"; filename="call.wav"', make_wav()))


@pytest.mark.parametrize(
    ("path", "name", "prefix", "rest"),
    [
        ("/", "", "", "/"),
        (ENDPOINT, "", "", ENDPOINT),
        ("/worlds", "", "", "/worlds"),
        ("/worlds/a", "a", "/worlds/a", ""),
        ("/worlds/a/", "a", "/worlds/a", "/"),
        (f"/worlds/a{ENDPOINT}", "a", "/worlds/a", ENDPOINT),
        (f"/worlds/a/worlds/a{ENDPOINT}", "a", "/worlds/a", f"/worlds/a{ENDPOINT}"),
    ],
)
def test_a_path_leads_into_the_world_of_its_prefix(path: str, name: str, prefix: str, rest: str) -> None:
    platform = make_platform()
    platform.worlds["a"] = World("a")
    place = platform.find_place(path)
    assert place is not None
    assert (place.world.name, place.prefix, place.path) == (name, prefix, rest)


@pytest.mark.parametrize("path", ["/worlds/", "/worlds/b", f"/worlds//{ENDPOINT}", "/worlds/A/x", "/worlds/%61/x"])
def test_a_path_into_no_world_is_not_found(path: str) -> None:
    platform = make_platform()
    platform.worlds["a"] = World("a")
    assert platform.find_place(path) is None
    response = ask(platform, "GET", path)
    assert (response.status, json.loads(response.body)["type"]) == (404, "resource.not-found")


@pytest.mark.parametrize("path", ["/", "/metrics", "/worlds", f"{ENDPOINT}/", f"{ENDPOINT}//x", f"{ENDPOINT}/x/y"])
def test_a_path_that_is_not_the_platforms_has_no_answer_here(path: str) -> None:
    platform = make_platform()
    assert platform.answer(enter(platform, "GET", path)) is None


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", ENDPOINT, True),
        ("GET", ENDPOINT, False),
        ("POST", f"{ENDPOINT}/x", False),
        ("POST", f"/x{ENDPOINT}", False),
        ("POST", f"/worlds/a{ENDPOINT}", True),
        ("POST", f"/worlds/b{ENDPOINT}", False),
        ("POST", INFO, False),
    ],
)
def test_only_an_uploads_body_is_read(method: str, path: str, *, expected: bool) -> None:
    platform = make_platform()
    platform.worlds["a"] = World("a")
    assert platform.is_upload(enter(platform, method, path)) is expected


def test_every_exchange_is_written_down(body: bytes) -> None:
    platform = make_platform()
    accepted = ask(platform, "POST", ENDPOINT, body, x_request_id="mine")
    task_id = json.loads(accepted.body)["task"]["task_id"]
    ask(platform, "GET", f"{ENDPOINT}/{task_id}")
    ask(platform, "GET", f"{ENDPOINT}/17")
    ask(platform, "DELETE", INFO)
    first, second, third, fourth = platform.world.journal
    assert (first.number, first.status, first.task_id, first.received, first.connection) == (
        1,
        202,
        task_id,
        len(body),
        7,
    )
    assert first.submission is not None
    assert (b"x-request-id", b"mine") in first.headers
    assert (second.number, second.status, second.task_id, second.state) == (2, 200, task_id, "done")
    assert (third.status, fourth.status) == (422, 405)
    assert "uuid" in third.note.lower()


def test_an_upload_without_an_answer_is_written_down_too() -> None:
    platform = make_platform()
    visit = enter(platform, "POST", ENDPOINT)
    platform.give_up(visit, "the client went away")
    (entry,) = platform.world.journal
    assert (entry.status, entry.note) == (0, "the client went away")


def test_worlds_have_their_own_journals_clocks_and_tasks(body: bytes) -> None:
    platform = make_platform()
    platform.worlds = {name: World(name, clock=Clock(frozen=True)) for name in "ab"}
    ids = [
        json.loads(ask(platform, "POST", prefix + ENDPOINT, body).body)["task"]["task_id"]
        for prefix in ("", "/worlds/a", "/worlds/b")
    ]
    assert len(set(ids)) == 3
    worlds = [platform.world, *platform.worlds.values()]
    assert [len(world.journal) for world in worlds] == [1, 1, 1]
    assert [ask(platform, "GET", f"{ENDPOINT}/{task_id}").status for task_id in ids] == [200, 404, 404]
    platform.worlds["a"].clock.advance(10)
    assert [world.clock.now() for world in worlds] == [0, 10_000_000, 0]


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        (Limits(licensed=False, before_body=("licensed",)), 403),
        (Limits(upload_bytes=10, before_body=("upload_bytes",)), 413),
        (Limits(storage_bytes=10, before_body=("storage_bytes",)), 507),
        (Limits(rate=Rate(requests=0, seconds=9), before_body=("rate",)), 429),
        (Limits(queue_length=0, before_body=("queue_length",)), 429),
    ],
)
def test_a_limit_may_answer_before_the_body_or_after_it(body: bytes, limits: Limits, status: int) -> None:
    platform = make_platform(Scenario(limits=limits))
    visit = enter(platform, "POST", ENDPOINT, content_length=str(len(body)))
    early = platform.refuse_early(visit)
    assert early is not None
    assert early.status == status
    late = ask(make_platform(Scenario(limits=Limits(**{**_fields(limits), "before_body": ()}))), "POST", ENDPOINT, body)
    assert (late.status, late.body) == (early.status, early.body)


def _fields(limits: Limits) -> dict[str, Any]:
    return {name: getattr(limits, name) for name in Limits.__dataclass_fields__}


@pytest.mark.parametrize("length", ["", "x", "-1", "²", "9" * 30])
def test_a_length_that_is_none_breaks_nothing(body: bytes, length: str) -> None:
    limits = Limits(upload_bytes=1 << 30, before_body=("upload_bytes", "storage_bytes"))
    response = ask(make_platform(Scenario(limits=limits)), "POST", ENDPOINT, body, content_length=length)
    assert response.status in {202, 413}


def test_a_request_is_counted_once_against_the_rate(body: bytes) -> None:
    limits = Limits(rate=Rate(requests=2, seconds=10), before_body=("rate",))
    platform = make_platform(Scenario(limits=limits))
    statuses = [ask(platform, "POST", ENDPOINT, body).status for _ in range(3)]
    assert statuses == [202, 202, 429]
    platform.world.clock.advance(10)
    assert ask(platform, "GET", INFO).status == 200


def test_the_scenario_is_looked_at_again_before_an_upload_into_the_default_world(body: bytes) -> None:
    looked: list[str] = []
    platform = make_platform(refresh=lambda world: looked.append(world.name))
    platform.worlds["a"] = World("a")
    ask(platform, "POST", ENDPOINT, body)
    ask(platform, "POST", f"/worlds/a{ENDPOINT}", body)
    ask(platform, "GET", INFO)
    assert looked == [""]


@pytest.mark.parametrize("url", ["https://public.example", "https://public.example/"])
def test_the_external_url_counts_before_the_clients(body: bytes, url: str) -> None:
    headers = dict(ask(make_platform(external_url=url), "POST", ENDPOINT, body).headers)
    assert headers[b"x-location"].startswith(f"https://public.example{ENDPOINT}/".encode())


def test_refusals_of_different_requests_have_different_ids() -> None:
    platform = make_platform()
    ids = [dict(ask(platform, "GET", f"{ENDPOINT}/{text}").headers)[b"x-request-id"] for text in ("1", "2")]
    assert ids[0] != ids[1]
