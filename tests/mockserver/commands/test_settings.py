from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from diarkit_mockserver.commands.settings import Settings, list_knobs
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.model import Dialect, Scenario


def test_every_setting_is_a_flag_and_a_variable_with_a_text() -> None:
    knobs = list(list_knobs())
    assert [knob.name for knob in knobs] == [field.name for field in fields(Settings)]
    assert all(knob.flag == "--" + knob.name.replace("_", "-") for knob in knobs)
    assert all(knob.variable == "DIARKIT_" + knob.name.upper() for knob in knobs)
    assert all(knob.text.endswith(".") for knob in knobs)
    assert {knob.name: knob.default for knob in knobs} == {
        field.name: getattr(Settings(), field.name) for field in fields(Settings)
    }


def test_knobs_can_be_listed_by_name() -> None:
    assert [knob.name for knob in list_knobs("port", "host")] == ["host", "port"]


def test_the_defaults_are_those_of_the_guide() -> None:
    assert (Settings().host, Settings().port) == ("127.0.0.1", 8000)


def test_without_settings_a_scenario_stays_as_it_is() -> None:
    scenario = Scenario(seed=7, limits=Limits(queue_length=3), dialect=Dialect(x_location="relative"))
    assert Settings().overrule(scenario) == scenario


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(seed=0), Scenario(seed=0, limits=Limits(queue_length=3))),
        (
            Settings(x_location="relative"),
            Scenario(seed=7, limits=Limits(queue_length=3), dialect=Dialect(x_location="relative")),
        ),
        (Settings(upload_bytes=0), Scenario(seed=7, limits=Limits(queue_length=3, upload_bytes=0))),
        (Settings(upload_seconds=1.5), Scenario(seed=7, limits=Limits(queue_length=3, upload_seconds=1.5))),
        (Settings(storage_bytes=5), Scenario(seed=7, limits=Limits(queue_length=3, storage_bytes=5))),
        (Settings(queue_length=0), Scenario(seed=7, limits=Limits(queue_length=0))),
        (Settings(audio_seconds=9), Scenario(seed=7, limits=Limits(queue_length=3, audio_seconds=9))),
        (Settings(finished_seconds=9), Scenario(seed=7, limits=Limits(queue_length=3, finished_seconds=9))),
        (Settings(rate="10/60"), Scenario(seed=7, limits=Limits(queue_length=3, rate=Rate(requests=10, seconds=60)))),
        (Settings(unlicensed=True), Scenario(seed=7, limits=Limits(queue_length=3, licensed=False))),
        (
            Settings(host="x", port=1, scenario=Path("x"), external_url="x", log_level="error"),
            Scenario(seed=7, limits=Limits(queue_length=3)),
        ),
    ],
    ids=repr,
)
def test_a_setting_counts_before_the_scenario(settings: Settings, expected: Scenario) -> None:
    assert settings.overrule(Scenario(seed=7, limits=Limits(queue_length=3))) == expected


@pytest.mark.parametrize(
    "rate", ["", "10/", "/60", "a/b", "10/0", "-1/60", "10/60/5", "1.5/60", "10/-1", "10/nan", "10/inf"]
)
def test_a_rate_that_makes_no_sense_is_refused(rate: str) -> None:
    with pytest.raises(ValueError, match=r"rate|requests|seconds"):
        Settings(rate=rate).overrule(Scenario())


@pytest.mark.parametrize("rate", ["10/60", "0/1", "1/0.5", " 10 / 60 ", "10"])
def test_a_rate_is_requests_in_seconds(rate: str) -> None:
    requests, _, seconds = rate.partition("/")
    assert Settings(rate=rate).overrule(Scenario()).limits.rate == Rate(
        requests=int(requests), seconds=float(seconds or 1)
    )
