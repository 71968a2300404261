from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from diarkit_contracts import target_flags
from diarkit_contracts.target import Caps
from diarkit_contracts.target_flags import DEFAULTS, POLITE_PACE_S, add_target_flags, make_target, read_headers, require


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a target from flags; the connection is closed with the command."""
    monkeypatch.delenv("DIARKIT_VERIFY_HEADERS", raising=False)
    made: list[Any] = []

    @click.command()
    @click.argument("url")
    @add_target_flags
    def command(url: str, **flags: Any) -> None:
        made.append(make_target(url, flags, Caps()))

    def run(*arguments: str) -> Any:
        ended = CliRunner().invoke(command, arguments)
        assert ended.exit_code == 0, ended.output
        return made[-1]

    return run


def test_the_defaults_are_those_of_the_flags() -> None:
    @click.command()
    @add_target_flags
    def command(**flags: Any) -> None:
        assert flags == dict(DEFAULTS)

    assert CliRunner().invoke(command, []).exit_code == 0


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


@pytest.mark.parametrize("url", ["h:1", "ftp://h", "http://", "http://h?x=1", "http://h#x", "http://h:port"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with click.Context(click.Command("x")), pytest.raises(click.BadParameter, match="expected a URL such as"):
        make_target(url, dict(DEFAULTS), Caps())


def test_a_missing_library_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    require("json")
    monkeypatch.setattr(target_flags.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(click.UsageError, match=r"jsonschema is not installed.*diarkit\[verify\]"):
        require("jsonschema")
