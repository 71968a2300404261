from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from diarkit_contracts.commands.flags import take
from diarkit_contracts.commands.target_flags import (
    POLITE_PACE_S,
    Access,
    CapFlags,
    list_repeat_flags,
    open_target,
    read_headers,
    read_plan,
)
from diarkit_contracts.rows.plan import make_plan
from diarkit_contracts.rows.tier import Tier
from diarkit_contracts.target.client import CAPS, Caps
from diarkit_contracts.target.transport import HttpTransport

NO_PROXIES = dict.fromkeys(
    name for lower in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") for name in (lower, lower.upper())
)
"""An environment without them."""


def make_command(made: list[Any]) -> click.Command:
    """Make a command that makes a target from its flags."""

    @click.command()
    @click.argument("url")
    @take("access", Access)
    def command(url: str, access: Access) -> None:
        with open_target(url, access, Caps()) as target:
            made.append(target)

    return command


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a target from flags; the connection is closed with the command."""
    monkeypatch.delenv("DIARKIT_VERIFY_HEADERS", raising=False)
    made: list[Any] = []
    command = make_command(made)

    def run(*arguments: str) -> Any:
        ended = CliRunner().invoke(command, arguments, env=NO_PROXIES)
        assert ended.exit_code == 0, ended.output
        return made[-1]

    return run


def test_what_is_asked_for_counts_before_what_is_usual() -> None:
    assert CapFlags().change(Caps(tasks=5)) == Caps(tasks=5)
    assert CapFlags(tasks=0, seconds=0.0, in_flight=9).change(Caps()) == Caps(tasks=0, seconds=0.0, in_flight=9)


def test_a_task_is_given_up_after_the_time_that_was_asked_for(make: Any) -> None:
    assert make("http://h:1", "--task-seconds", "7").caps.task_seconds == 7


def test_the_connection_is_closed_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[object] = []
    monkeypatch.setattr(HttpTransport, "close", lambda _: closed.append("closed"))
    with open_target("http://127.0.0.1:1", Access(), Caps()):
        assert closed == []
    assert len(closed) == 1


def test_rows_are_those_that_are_named_or_those_of_the_tier() -> None:
    assert [row.id for row in read_plan(("row-07", "bad-01"), Tier.LITE).rows] == ["row-07", "bad-01"]
    assert read_plan((), Tier.PROBE) == make_plan(Tier.PROBE)
    with pytest.raises(click.BadParameter, match="row-7000"):
        read_plan(("row-7000",), Tier.LITE)


@pytest.mark.parametrize(
    ("url", "pace_s"),
    [
        ("http://127.0.0.1:1", 0.0),
        ("http://localhost:1", 0.0),
        ("http://[::1]:1", 0.0),
        ("http://h.example", POLITE_PACE_S),
    ],
)
def test_a_server_elsewhere_is_asked_politely(make: Any, url: str, pace_s: float) -> None:
    assert make(url).pace_s == pace_s
    assert make(url, "--pace", "3").pace_s == 3


def test_a_slash_at_the_end_of_the_url_does_not_matter(make: Any) -> None:
    assert make("http://h:1/prefix/").url == "http://h:1/prefix"


def test_user_and_password_become_a_header_and_a_secret(make: Any) -> None:
    target = make("http://me:p%40ss-word@h:1")
    assert target.url == "http://h:1"
    assert target.headers == (("Authorization", "Basic bWU6cEBzcy13b3Jk"),)
    assert target.redaction.strike_text("bWU6cEBzcy13b3Jk p%40ss-word") == "*** ***"


def test_headers_come_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIARKIT_VERIFY_HEADERS", "X-A: 1\n\nX-B:2\n")
    assert read_headers(("X-C:  3 ",)) == (("X-A", "1"), ("X-B", "2"), ("X-C", "3"))


@pytest.mark.parametrize("text", ["secret", "two words: secret", ": secret", "X: a\x07secret"])
def test_a_header_that_is_none_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        read_headers((text,))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "h:1", "ftp://h", "http://", "http://h?x=s3cret", "http://h#s3cret", "http://h:port", "http://[", "http://me:s3cret@h?",
        "http://me:s3cret@h:port", "http://me:s3/cret@h", "http://me:s3@cret@[",
    ],
)  # fmt: skip
def test_what_is_no_url_is_refused_and_no_secret_of_it_is_repeated(url: str) -> None:
    with pytest.raises(click.BadParameter, match="expected a URL ") as caught, open_target(url, Access(), Caps()):
        pass
    assert not [piece for piece in ("s3", "cret", "me:") if piece in str(caught.value)]


@pytest.mark.parametrize(
    "url", ["http://h/api/technology/speaker-diarization", "https://h/v/api/technology/speaker-diarization/"]
)
def test_the_url_of_an_operation_is_refused_since_paths_are_put_behind_it(url: str) -> None:
    with (
        pytest.raises(click.BadParameter, match="expected the root of the platform"),
        open_target(url, Access(), Caps()),
    ):
        pass


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--proxy", "http://me:s3/cret@h:1"), "Invalid value for --proxy: expected a URL such as"),
        (("--proxy", "nonsense"), "Invalid value for --proxy: expected a URL such as"),
        (("--cacert", __file__), "Invalid value for --cacert: expected certificates in PEM"),
        (("--cert", __file__), "Invalid value for --cert: expected a certificate and its key"),
        (("--cacert", __file__, "--insecure"), "expected --cacert or --insecure, got both"),
        (("--key", __file__), "expected --cert with --key"),
    ],
)
def test_ways_that_do_not_exist_end_with_2(flags: tuple[str, ...], said: str) -> None:
    ended = CliRunner().invoke(make_command([]), ["https://h.example", *flags], env=NO_PROXIES)
    assert ended.exit_code == 2
    assert said in ended.output
    assert "s3/cret" not in ended.output


def test_a_bad_proxy_of_the_environment_is_told_by_its_variable() -> None:
    ended = CliRunner().invoke(make_command([]), ["https://h.example"], env={**NO_PROXIES, "HTTPS_PROXY": "http://h:x"})
    assert ended.exit_code == 2
    assert "Invalid value for HTTPS_PROXY: expected a URL such as" in ended.output


def test_secrets_of_the_url_of_headers_and_of_a_proxy_are_struck_in_every_form(make: Any) -> None:
    target = make(
        "http://me:p%40ss-word@h.example", "--header", "Cookie: sid=cookie-value; b=other-value", "--header", "X-A: own-value",
        "--proxy", "http://proxy-user:p%2Fxy-word@127.0.0.1:1",
    )  # fmt: skip
    for secret in (
        "p%40ss-word", "p@ss-word", "bWU6cEBzcy13b3Jk", "cookie-value", "other-value", "own-value",
        "proxy-user", "p%2Fxy-word", "p/xy-word", "cHJveHktdXNlcjpwL3h5LXdvcmQ=",
    ):  # fmt: skip
        assert target.redaction.strike_text(f"<{secret}>") == "<***>"


def test_a_header_that_is_no_secret_is_not_struck_out_of_answers(make: Any) -> None:
    redaction = make("http://h:1", "--header", "Accept: application/json").redaction
    answered = (("content-type", "application/json"),)
    assert redaction.strike_headers(answered) == answered


def test_what_led_to_a_server_is_told_for_a_repetition_without_secrets() -> None:
    assert list_repeat_flags(Access()) == ()
    access = Access(cacert=Path("ca"), cert=Path("c"), key=Path("k"), insecure=True, proxy="http://me:s3@cret@h:1")
    assert list_repeat_flags(access) == (
        ("--cacert", "ca"), ("--cert", "c"), ("--key", "k"), ("--insecure", ""), ("--proxy", "http://***@h:1"),
    )  # fmt: skip


def test_the_variable_of_the_keys_password_is_the_one_in_the_help() -> None:
    from diarkit_contracts.target.transport import KEY_VARIABLE  # noqa: PLC0415

    assert KEY_VARIABLE in CliRunner().invoke(make_command([]), ["--help"]).output


def test_the_limits_of_the_tiers_are_those_in_the_help() -> None:
    for field in fields(CapFlags):
        lite, full = (getattr(CAPS[tier], field.name) for tier in (Tier.LITE, Tier.FULL))
        said = field.metadata["attributes"]["show_default"]
        assert said.startswith(f"{lite:.0f}; full: {full:.0f};" if full != lite else f"{lite};"), field.name
