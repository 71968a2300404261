from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from diarkit_contracts.api.dialect import Dialect
from diarkit_contracts.commands.flags import take
from diarkit_mockserver.commands.settings import PREFIX, Settings, list_unknown, read_external_url, read_store_url
from diarkit_mockserver.scenario.limits import Limits, Rate
from diarkit_mockserver.scenario.model import Scenario


@click.command()
@take("settings", Settings, prefix=PREFIX)
def show(settings: Settings) -> None:
    click.echo(repr(settings))


def test_every_setting_is_a_flag_and_a_variable_with_a_text() -> None:
    flags = {str(flag.name): flag for flag in show.params if isinstance(flag, click.Option)}
    assert list(flags) == [field.name for field in fields(Settings)]
    for name, flag in flags.items():
        assert flag.opts == [
            "--as" if name == "learned" else "--" + name.replace("_", "-")
        ]  # `as` is no name in Python
        assert flag.envvar == "DIARKIT_" + name.upper()
        assert str(flag.help).endswith(".")


def test_without_flags_and_variables_the_settings_are_the_defaults() -> None:
    assert CliRunner().invoke(show, []).output == f"{Settings()!r}\n"


def test_the_help_names_the_limits_that_hold() -> None:
    shown = " ".join(CliRunner().invoke(show, ["--help"]).output.split())
    for limit in ("upload_bytes", "upload_seconds", "storage_bytes", "audio_seconds"):
        assert f"default: ({getattr(Limits(), limit):{'g' if 'seconds' in limit else ''}})" in shown


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
        (Settings(profile="5.0"), Scenario(seed=7, profile="5.0", limits=Limits(queue_length=3))),
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


@pytest.mark.parametrize("url", ["http://a", "https://a.example:8443/fake/", "http://[::1]:8000", "HTTPS://a"])
def test_an_address_that_answers_can_name_is_taken(url: str) -> None:
    read_external_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "localhost:8000",
        "ftp://a",
        "http://",
        "http:///x",
        "http://a:99999",
        "http://a:x",
        "http://u@a",
        "http://a?b",
        "http://a#b",
        "http://a b",
        "http://a\r\nx: y",
        "http://é",
        "http://[::1",
        "http://a:0",
        "//a",
    ],
)
def test_an_address_that_makes_no_sense_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected a URL such as"):
        read_external_url(url)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("external_url", "nowhere"),
        ("rate", "often"),
        ("port", "99999"),
        ("seed", "x"),
        ("cors_origin", "http://a http://b/"),
        ("forwarded_from", "10.0.0.0/99"),
        ("log_level", "loud"),
        ("tls_cert", "/nowhere"),
        ("profile", "3.5"),
    ],
)
def test_a_wrong_value_blames_where_it_came_from(name: str, value: str) -> None:
    variable, flag = PREFIX + name.upper(), "--" + name.replace("_", "-")
    by_variable = CliRunner().invoke(show, [], env={variable: value})
    assert by_variable.exit_code == 2
    assert f"the environment variable {variable}" in by_variable.output
    assert flag not in by_variable.output.partition("Error")[2]
    by_flag = CliRunner().invoke(show, [flag, value.rsplit(maxsplit=1)[-1]])
    assert (by_flag.exit_code, "the environment" in by_flag.output, flag in by_flag.output) == (2, False, True)


def test_origins_may_come_more_than_once() -> None:
    by_flag = CliRunner().invoke(show, ["--cors-origin", "http://a", "--cors-origin", "http://b"]).output
    assert by_flag == CliRunner().invoke(show, [], env={"DIARKIT_CORS_ORIGIN": "http://a http://b"}).output
    assert by_flag == f"{Settings(cors_origin=('http://a', 'http://b'))!r}\n"


def test_an_unknown_variable_is_named_with_the_nearest() -> None:
    names = ["DIARKIT_PORT", "DIARKIT_PROT", "DIARKIT_VERIFY_HEADERS", "DIARKIT_FUZZ_SECONDS", "PATH", "DIARKIT_QQQQ"]
    assert list_unknown(names) == [
        "DIARKIT_PROT is not a setting and is ignored; did you mean DIARKIT_PORT?",
        "DIARKIT_QQQQ is not a setting and is ignored",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "redis://127.0.0.1",
        "redis://127.0.0.1:6379/",
        "redis://name:word@store:6379/15",
        "rediss://store/0?ssl_cert_reqs=none",
        "unix:///run/redis.sock",
    ],
)
def test_a_store_is_named_by_a_url(text: str) -> None:
    read_store_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "store",
        "http://:s3cret@store",
        "redis://:s3cret@store:99999",
        "redis://:s3cret@store:x/0",
        "redis://:s3cret@s/abc",
    ],
)
def test_another_store_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected a URL such as redis://127\.0\.0\.1:6379/0$"):
        read_store_url(text)
