from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, get_args

import pytest

from diarkit_mockserver.clock import Clock
from diarkit_mockserver.intake.refusals import Refusal
from diarkit_mockserver.intake.request import ENDPOINT, Request
from diarkit_mockserver.scenario.limits import Limit, Limits, Rate
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.world.limits import LIMITS, OF_EVERY_REQUEST, OF_FILES, OF_UPLOADS, check_limits
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.visit import Visit
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable

REACHED: dict[Limit, tuple[dict[str, Any], str]] = {
    "licensed": ({"licensed": False}, "403 limits.licensed: false"),
    "rate": ({"rate": Rate(requests=0, seconds=9)}, "429 limits.rate: 0 requests in a window"),
    "queue_length": ({"queue_length": 0}, "429 limits.queue_length: 0"),
    "upload_bytes": ({"upload_bytes": 9}, "413 limits.upload_bytes: 9, before the body"),
    "storage_bytes": ({"storage_bytes": 9}, "507 limits.storage_bytes: 9; 0 are used by 0 tasks"),
}
"""For each limit: the settings that every request is beyond, and what it is refused with."""


def make_visit(size: int = 10) -> Visit:
    return Visit(
        request=Request("POST", ENDPOINT, "", [(b"content-length", str(size).encode())], scheme="http", server="h")
    )


def make_world(*names: Limit, before: Iterable[Limit] = ()) -> World:
    told = {key: value for name in names for key, value in REACHED[name][0].items()}
    return World("", Scenario(limits=Limits(**told, before_body=tuple(before))), Clock(frozen=True))


def test_the_table_has_each_limit_of_the_scenario_once_and_in_its_order() -> None:
    assert tuple(row.name for row in LIMITS) == get_args(Limit) == tuple(REACHED)
    assert (*OF_UPLOADS, *OF_FILES) == LIMITS
    assert [row.name for row in OF_EVERY_REQUEST] == ["rate"]


@pytest.mark.parametrize("name", REACHED)
def test_a_limit_that_is_reached_refuses_and_says_its_name(name: Limit) -> None:
    with pytest.raises(Refusal) as caught:
        check_limits(LIMITS, make_world(name), make_visit(), 10)
    assert str(caught.value) == REACHED[name][1]


@pytest.mark.parametrize("pair", list(pairwise(REACHED)), ids=" before ".join)
@pytest.mark.parametrize("early", [False, True], ids=["after the body", "before the body"])
def test_the_first_limit_of_the_table_refuses(pair: tuple[Limit, Limit], *, early: bool) -> None:
    """One order, in which `before_body` is written does not matter, nor whether the body has been read."""
    world, visit = make_world(*pair, before=reversed(pair) if early else ()), make_visit()
    if early:
        platform = Platform(world)
        response = platform.refuse_early(visit, platform.find_place(ENDPOINT))
        assert response is not None
        assert list(world.journal)[-1].note == REACHED[pair[0]][1][4:]
    else:
        with pytest.raises(Refusal) as caught:
            check_limits(LIMITS, world, visit, 10)
        assert str(caught.value) == REACHED[pair[0]][1]


def test_a_limit_that_is_not_named_waits_for_the_body() -> None:
    platform = Platform(make_world(*REACHED))
    assert platform.refuse_early(make_visit(), platform.find_place(ENDPOINT)) is None


def test_just_inside_nothing_is_refused() -> None:
    limits = Limits(rate=Rate(requests=1, seconds=9), queue_length=1, upload_bytes=10, storage_bytes=10)
    check_limits(LIMITS, World("", Scenario(limits=limits), Clock(frozen=True)), make_visit(), 10)


def test_a_request_counts_once_against_the_rate_however_often_it_is_checked() -> None:
    world = World("", Scenario(limits=Limits(rate=Rate(requests=2, seconds=9))), Clock(frozen=True))
    visit = make_visit()
    for _ in range(9):
        check_limits(OF_EVERY_REQUEST, world, visit)
    check_limits(OF_EVERY_REQUEST, world, make_visit())
    with pytest.raises(Refusal, match="429"):
        check_limits(OF_EVERY_REQUEST, world, make_visit())


def test_what_is_refused_counts_against_the_limits_above_and_none_below() -> None:
    rate = Rate(requests=1, seconds=9)
    world = World("", Scenario(limits=Limits(rate=rate, queue_length=0)), Clock(frozen=True))
    for reason in ("limits.queue_length", "limits.rate"):
        with pytest.raises(Refusal, match=reason):
            check_limits(LIMITS, world, make_visit())
    unlicensed = World("", Scenario(limits=Limits(rate=rate, licensed=False)), Clock(frozen=True))
    for _ in range(3):
        with pytest.raises(Refusal, match=r"limits\.licensed"):
            check_limits(LIMITS, unlicensed, make_visit())
