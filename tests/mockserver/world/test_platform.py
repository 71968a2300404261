from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from diarkit_mockserver.clock import Clock
from diarkit_mockserver.intake.request import ENDPOINT, Request
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.world.operations import INFO, STATUS
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.world.place import Place
    from diarkit_mockserver.world.visit import Visit
    from diarkit_mockserver.world.wire import Response

    Make = Callable[..., bytes]

NO_TASK = "00000000-0000-4000-8000-000000000000"
HEADERS = {"host": "platform", "content-type": "multipart/form-data; boundary=boundary-of-the-tests"}


def make_platform(scenario: Scenario | None = None, **fields: Any) -> Platform:
    return Platform(World(scenario=scenario or Scenario(course="immediate"), clock=Clock(frozen=True)), **fields)


def enter(platform: Platform, method: str, path: str, **headers: str) -> tuple[Visit, Place | None]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in {**HEADERS, **headers}.items()]
    place = platform.find_place(path)
    request = Request(method, path, "", raw, scheme="http", server="127.0.0.1:1")
    return platform.begin(request, place, connection=7), place


def ask(platform: Platform, method: str, path: str, body: bytes = b"", **headers: str) -> Response:
    visit, place = enter(platform, method, path, **headers)
    upload = None
    if platform.is_upload(visit, place):
        early = platform.refuse_early(visit, place)
        if early is not None:
            return early
        upload = platform.read_upload(visit, place)
        upload.feed(body)
        visit.received = len(body)
    return platform.answer(visit, place, upload)


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
def test_a_path_into_no_world_is_not_found_and_stands_in_the_default_worlds_journal(path: str) -> None:
    platform = make_platform()
    platform.worlds["a"] = World("a")
    assert platform.find_place(path) is None
    response = ask(platform, "GET", path)
    assert (response.status, json.loads(response.body)["type"]) == (404, "resource.not-found")
    assert len(platform.worlds["a"].journal) == 0
    (entry,) = platform.world.journal
    assert (entry.request.path, entry.status, entry.note) == (path, 404, f"no world has the path {path}")


@pytest.mark.parametrize("path", ["/", "/metrics", "/worlds", f"{ENDPOINT}/", f"{ENDPOINT}//x", f"{ENDPOINT}/x/y"])
@pytest.mark.parametrize("prefix", ["", "/worlds/a"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_path_that_is_not_the_platforms_is_not_found_and_stands_in_the_journal_of_its_world(
    path: str, prefix: str, method: str
) -> None:
    platform = make_platform()
    world = platform.worlds["a"] = World("a")
    response = ask(platform, method, prefix + path, x_request_id="mine")
    assert (response.status, json.loads(response.body)["type"]) == (404, "resource.not-found")
    (entry,) = world.journal if prefix else platform.world.journal
    assert (entry.number, entry.status, entry.body, entry.connection) == (1, 404, response.body, 7)
    assert (entry.request.path, entry.note) == (prefix + path, f"the platform has no path {path}")
    assert (entry.task_id, entry.submission) == (None, None)
    assert (b"x-request-id", b"mine") in entry.headers
    assert len(platform.world.journal if prefix else world.journal) == 0


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
    assert platform.is_upload(*enter(platform, method, path)) is expected


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
    visit, place = enter(platform, "POST", ENDPOINT)
    platform.give_up(visit, place, "the client went away")
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
    visit, place = enter(platform, "POST", ENDPOINT, content_length=str(len(body)))
    early = platform.refuse_early(visit, place)
    assert early is not None
    assert early.status == status
    afterwards = make_platform(Scenario(limits=Limits(**{**_fields(limits), "before_body": ()})))
    late = ask(afterwards, "POST", ENDPOINT, body)
    assert (late.status, late.body) == (early.status, early.body)
    assert [entry.limit for each in (platform, afterwards) for entry in each.world.journal] == [*limits.before_body] * 2


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


def test_the_scenario_is_looked_at_again_before_an_upload_into_the_default_world() -> None:
    looked: list[str] = []

    def look(world: World) -> float:
        looked.append(world.name)
        return 0.5

    platform = make_platform(refresh=look)
    platform.worlds["a"] = World("a")
    paths = (ENDPOINT, f"/worlds/a{ENDPOINT}", INFO, f"/worlds/b{ENDPOINT}")
    assert [platform.refresh(platform.find_place(path)) for path in paths] == [0.5, 0, 0, 0]
    assert looked == [""]


@pytest.mark.parametrize("url", ["https://public.example", "https://public.example/"])
def test_the_external_url_counts_before_the_clients(body: bytes, url: str) -> None:
    headers = dict(ask(make_platform(external_url=url), "POST", ENDPOINT, body).headers)
    assert headers[b"x-location"].startswith(f"https://public.example{ENDPOINT}/".encode())


def list_ids(response: Response) -> tuple[bytes, bytes]:
    headers = dict(response.headers)
    return headers[b"x-request-id"], headers[b"x-correlation-id"]


@pytest.fixture
def refused(make_form: Make, make_wav: Make, body: bytes) -> list[tuple[str, str, bytes]]:
    """Requests that are refused, or have no task; each another one, and the status alone tells few of them apart."""
    file = ('name="file"; filename="call.wav"', make_wav())
    config = 'name="config"'
    return [
        ("POST", ENDPOINT, make_form(file, (config, b"{"))),
        ("POST", ENDPOINT, make_form(file, (config, b"{{"))),
        ("POST", ENDPOINT, make_form(file, (config, b'{"max_speakers": 0}'))),
        ("POST", ENDPOINT, make_form(('name="file"; filename="other.wav"', b"x"), (config, b"{"))),
        ("POST", ENDPOINT, make_form((config, b"{}"))),
        ("POST", ENDPOINT, make_form(('name="file"', b"text"))),
        ("POST", ENDPOINT, body[:-9]),
        ("PUT", ENDPOINT, b""),
        ("GET", f"{ENDPOINT}/1", b""),
        ("GET", f"{ENDPOINT}/2", b""),
        ("GET", f"{ENDPOINT}/{NO_TASK}", b""),
        ("GET", "/nowhere", b""),
        ("GET", "/elsewhere", b""),
        ("GET", INFO, b""),
        ("GET", STATUS, b""),
    ]


def test_no_two_answers_have_the_same_ids_also_if_they_are_the_same(refused: list[tuple[str, str, bytes]]) -> None:
    platform = make_platform()
    came = [list_ids(ask(platform, *each)) for each in refused * 3]
    made = [one for ids in came for one in ids]
    assert len(set(made)) == len(made) == 3 * 2 * len(refused)


def test_the_ids_follow_from_the_request_and_from_how_often_it_came_and_not_from_what_else_came(
    refused: list[tuple[str, str, bytes]],
) -> None:
    together, backwards, again = make_platform(), make_platform(), make_platform()
    first = [[list_ids(ask(together, *each)) for each in refused] for _ in range(2)]
    second = [[list_ids(ask(backwards, *each)) for each in reversed(refused)] for _ in range(2)]
    alone = [[list_ids(ask(again, *each)) for _ in range(2)] for each in refused]
    assert first == [turn[::-1] for turn in second] == [list(turn) for turn in zip(*alone, strict=True)]


@pytest.mark.parametrize("name", ["a", "b"])
def test_the_ids_of_a_world_do_not_follow_from_its_name_if_so_told(name: str) -> None:
    platform = make_platform()
    platform.open_world(name, ids_from="world")
    told = b"93f8b868-17f7-417e-bdbd-d3ab15cea859"
    assert list_ids(ask(platform, "GET", f"/worlds/{name}/nowhere"))[0] == told


def test_the_ids_begin_again_with_their_world_and_go_on_with_a_new_scenario() -> None:
    platform = make_platform()
    first = list_ids(ask(platform, "GET", INFO))
    platform.world.replace_scenario(Scenario())
    assert list_ids(ask(platform, "GET", INFO)) != first
    platform.reset_world("")
    assert list_ids(ask(platform, "GET", INFO)) == first
