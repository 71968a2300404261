from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from diarkit_contracts.api.dialect import Dialect
from diarkit_mockserver.clock import Clock
from diarkit_mockserver.intake.refusals import Refusal
from diarkit_mockserver.intake.request import ENDPOINT, Request
from diarkit_mockserver.intake.submission import MediaFacts
from diarkit_mockserver.intake.upload import Upload
from diarkit_mockserver.scenario.answer import HttpAnswer
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.model import Rule, Scenario, Then
from diarkit_mockserver.world.operations import INFO, STATUS, answer_operation
from diarkit_mockserver.world.place import Place
from diarkit_mockserver.world.visit import Visit
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from diarkit_mockserver.world.wire import Response

NO_TASK = "00000000-0000-4000-8000-000000000000"
BROKEN = Refusal(400, reason="broken")
EXHAUSTED = Rate(requests=0, seconds=9)


class Reader:
    """Stands for a body that was read to its end: an upload, or what is wrong with it."""

    ignored = ()

    def __init__(self, config: str | None = None, wrong: Refusal | None = None) -> None:
        self.config = config
        self.wrong = wrong

    def close(self) -> Upload:
        if self.wrong is not None:
            raise self.wrong
        media = MediaFacts(kind="wav", length=1000, loud=(True,))
        return Upload(filename="a.wav", sha256="a" * 64, size=100, media=media, config=self.config, first_bytes=b"RIFF")


def make_world(**fields: Any) -> World:
    return World(scenario=Scenario(course="immediate", **fields), clock=Clock(frozen=True))


def ask(
    world: World, method: str, path: str, reader: Any = None, *, query: str = "", external: str | None = None
) -> tuple[Response, Visit]:
    request = Request(method, f"/prefix{path}", query, [(b"host", b"h")], scheme="http", server="x:1")
    place = Place(world, "/prefix", path)
    visit = Visit(request=request)
    return answer_operation(visit, place, reader, external), visit


def refuse(world: World, method: str, path: str, reader: Any = None, **more: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        ask(world, method, path, reader, **more)
    return caught.value


TROUBLES: list[tuple[int, dict[str, Any], dict[str, Any]]] = [
    (405, {}, {"method": "PUT"}),
    (403, {"licensed": False}, {}),
    (429, {"rate": EXHAUSTED}, {}),
    (429, {"queue_length": 0}, {}),
    (400, {}, {"reader": Reader(wrong=BROKEN)}),
    (422, {}, {"query": "channels=x"}),
    (507, {"storage_bytes": 99}, {}),
]
"""What can be wrong with one upload, in the order in which it is found: limits and request that bring it about."""


@pytest.mark.parametrize("first", range(len(TROUBLES)), ids=lambda first: f"{first}-{TROUBLES[first][0]}")
def test_of_all_that_is_wrong_with_an_upload_what_is_found_first_is_told(first: int) -> None:
    limits: dict[str, Any] = {}
    sent: dict[str, Any] = {"method": "POST", "reader": Reader()}
    for _, limit, request in TROUBLES[first:]:
        limits |= {key: value for key, value in limit.items() if key not in limits}
        sent |= request
    refused = refuse(
        make_world(limits=Limits(**limits), rules=(Rule(then=Then(http=599)),)),
        sent["method"],
        ENDPOINT,
        sent["reader"],
        query=sent.get("query", ""),
    )
    assert refused.status == TROUBLES[first][0]
    if refused.status == 429:
        assert ("limits.rate" if "rate" in TROUBLES[first][1] else "limits.queue_length") in refused.reason


def test_what_is_refused_for_its_method_or_licence_is_not_held_against_the_rate() -> None:
    world = make_world(limits=Limits(rate=Rate(requests=1, seconds=9), licensed=False))
    assert refuse(world, "PUT", ENDPOINT).status == 405
    assert refuse(world, "POST", ENDPOINT, Reader()).status == 403
    assert refuse(world, "GET", "/nowhere").status == 404
    assert ask(world, "GET", INFO)[0].status == 200
    assert refuse(world, "GET", INFO).status == 429


@pytest.mark.parametrize("path", [INFO, STATUS, f"{ENDPOINT}/{NO_TASK}"])
def test_every_get_is_held_against_the_rate(path: str) -> None:
    world = make_world(limits=Limits(rate=EXHAUSTED))
    assert refuse(world, "GET", path).status == 429
    method = refuse(world, "POST", path)
    assert (method.status, method.headers) == (405, (("allow", "GET"),))


@pytest.mark.parametrize("path", ["", "/", "/nowhere", f"{ENDPOINT}/", f"{ENDPOINT}/x/y", f"{ENDPOINT}x", f"{INFO}/"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_any_other_path_is_not_found_by_any_method(method: str, path: str) -> None:
    refused = refuse(make_world(), method, path)
    assert (refused.status, refused.reason) == (404, f"the platform has no path {path}")


@pytest.mark.parametrize(
    ("dialect", "external", "base"),
    [
        ("absolute", None, "http://h/prefix"),
        ("absolute", "https://e", "https://e/prefix"),
        ("relative", None, "/prefix"),
        ("relative", "https://e", "/prefix"),
    ],
)
def test_x_location_names_the_task_where_the_client_can_find_it(dialect: Any, external: str | None, base: str) -> None:
    world = make_world(dialect=Dialect(x_location=dialect))
    response, visit = ask(world, "POST", ENDPOINT, Reader(), external=external)
    assert dict(response.headers)[b"x-location"] == f"{base}{ENDPOINT}/{visit.task_id}".encode()
    assert response.status == 202


def test_what_the_client_sent_is_kept_as_it_came() -> None:
    visit = ask(make_world(), "POST", ENDPOINT, Reader('{"max_speakers": 2, "z": 1, "a": 2}'), query="channels=0&y=1")[
        1
    ]
    sent = visit.submission
    assert sent is not None
    assert (sent.filename, sent.sha256, sent.size, sent.first_bytes) == ("a.wav", "a" * 64, 100, b"RIFF")
    assert (sent.config, sent.query) == ({"max_speakers": 2, "z": 1, "a": 2}, {"channels": "0", "y": "1"})
    assert sent.headers == {"host": "h"}
    assert (sent.parameters.max_speakers, sent.parameters.channels) == (2, (0,))
    assert visit.notes == ("config keys that the platform does not know are ignored: a, z",)
    assert visit.ignored_keys == ("a", "z")


@pytest.mark.parametrize("limits", [{}, {"storage_bytes": 0}])
def test_what_an_upload_brought_is_known_also_if_it_is_refused(limits: dict[str, Any]) -> None:
    world = make_world(limits=Limits(**limits), rules=(Rule(then=Then(http=HttpAnswer(status=503))),))
    request = Request("POST", ENDPOINT, "", [], scheme="http", server="x:1")
    brought = set()
    for config in (None, "{}", "{"):
        visit, place = Visit(request=request), Place(world, "", ENDPOINT)
        reader: Any = Reader(config)
        with pytest.raises(Refusal):
            answer_operation(visit, place, reader, None)
        brought.add(visit.brought)
    assert len(brought) == 3
    assert all(one.startswith("a" * 64) for one in brought)


def test_the_ids_of_polls_and_of_the_upload_are_the_tasks_with_a_number() -> None:
    world = make_world()
    accepted, visit = ask(world, "POST", ENDPOINT, Reader())
    spellings = [visit.task_id or "", (visit.task_id or "").upper(), f"urn:uuid:{visit.task_id}"]
    polls = [ask(world, "GET", f"{ENDPOINT}/{one}")[0] for one in spellings]
    assert [one.ids[0][24:] if one.ids else None for one in (accepted, *polls)] == [f"{n:012x}" for n in range(4)]
    assert {one.ids[0][:24] if one.ids else None for one in (accepted, *polls)} == {(visit.task_id or "")[:24]}


@pytest.mark.parametrize(
    ("profile", "version", "both"), [(None, "3.6.0", False), ("3.7", "3.7.0", True), ("5.0", "5.0.0", True)]
)
def test_a_generation_has_its_headers_and_its_version(profile: Any, version: str, both: bool) -> None:
    world = make_world(profile=profile)
    headers = dict(ask(world, "POST", ENDPOINT, Reader())[0].headers)
    assert headers.get(b"location") == (headers[b"x-location"] if both else None)
    assert ask(world, "GET", INFO)[0].body == b'{"version":"%s"}' % version.encode()


@pytest.mark.parametrize(
    ("profile", "dialect", "status", "kind", "details"),
    [
        ("3.6", Dialect(), 422, "request.validation-error", 1),
        ("5.0", Dialect(), 404, "resource.not-found", 0),
        ("5.0", Dialect(bad_task_id=400), 400, "request.invalid", 1),
        ("3.6", Dialect(bad_task_id=404), 404, "resource.not-found", 0),
    ],
)
def test_an_id_that_is_none_is_refused_as_the_generation_or_the_dialect_has_it(
    profile: Any, dialect: Dialect, status: int, kind: str, details: int
) -> None:
    world = make_world(profile=profile, dialect=dialect)
    refusal = refuse(world, "GET", f"{ENDPOINT}/none")
    refusal.settle(world.profile, {})
    assert (refusal.status, refusal.type, len(refusal.detail)) == (status, kind, details)
