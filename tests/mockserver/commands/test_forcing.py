from __future__ import annotations

import json
import socket
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from diarkit_contracts.api.profiles import Capability
from diarkit_contracts.commands.verify import verify as contract_alone
from diarkit_mockserver.commands.forcing import force_fake
from diarkit_mockserver.commands.main import main
from diarkit_mockserver.control.calls import open_world, read_scenario
from diarkit_mockserver.control.client import Control
from diarkit_mockserver.control.orders import NewWorld
from diarkit_mockserver.scenario.limits import Limits
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from diarkit_mockserver.serving.server import ServerThread

TOKEN = "a-token"  # noqa: S105 - of a test
OUTCOMES = {
    Capability.FAIL: (202, "failed"),
    Capability.LIMIT_RATE: (429, None),
    Capability.FILL_STORAGE: (507, None),
    Capability.FORBID: (403, None),
}


def verify(*arguments: str, **environment: str) -> Any:
    return CliRunner().invoke(main, ["verify", *arguments, "--fake"], env=environment)


@pytest.fixture
def upload(submit: Callable[..., Any], make_wav: Callable[..., bytes], ask: Callable[..., Any]) -> Callable[[str], Any]:
    """Upload a recording: the status, and how its task ends."""

    def send(url: str) -> Any:
        answer = submit(url, make_wav())
        if answer.status != 202:
            return answer.status, None
        task = json.loads(answer.body)["task"]["task_id"]
        return 202, json.loads(ask(url, "GET", f"/api/technology/speaker-diarization/{task}").body)["task"]["state"]

    return send


@pytest.mark.parametrize("capability", Capability)
@pytest.mark.parametrize("place", ["", "/worlds/side"])
def test_it_does_each_thing_while_the_context_lasts(
    start: Callable[..., ServerThread], upload: Callable[[str], Any], capability: Capability, place: str
) -> None:
    thread = start()
    with closing(Control(thread.url)) as control:
        control.send(open_world(NewWorld(name="side", scenario=Scenario(course="immediate"))))
    url = thread.url + place
    with force_fake(url) as forcing:
        with forcing[capability]():
            assert upload(url) == OUTCOMES[capability]
            other = thread.url + ("" if place else "/worlds/side")
            assert upload(other) == (202, "done")
        assert upload(url) == (202, "done")


def test_the_limits_are_what_they_were_whatever_happens(start: Callable[..., ServerThread]) -> None:
    url = start(scenario=Scenario(limits=Limits(storage_bytes=10_000_000))).url
    with closing(Control(url)) as control, force_fake(url) as forcing:
        with suppress(KeyboardInterrupt), forcing[Capability.FORBID]():
            assert control.send(read_scenario()).limits == Limits(storage_bytes=10_000_000, licensed=False)
            raise KeyboardInterrupt
        assert control.send(read_scenario()).limits == Limits(storage_bytes=10_000_000)


def test_a_run_leaves_no_clause_out_that_the_fake_can_show(start: Callable[..., ServerThread]) -> None:
    ended = verify(start(scenario=Scenario()).url, "--tier", "full", "--fail-on", "warning")
    assert ended.exit_code == 0, ended.output
    for word in ("skipped", "inconclusive"):
        assert word not in ended.stdout


def test_a_fake_with_a_token_is_told_with_it_alone(start: Callable[..., ServerThread]) -> None:
    url = start(platform=Platform(World(scenario=Scenario(course="immediate")), control_token=TOKEN)).url
    refused = verify(url, DIARKIT_CONTROL_TOKEN=TOKEN[1:])
    assert refused.exit_code == 2
    assert "DIARKIT_CONTROL_TOKEN" in refused.stderr
    assert verify(url, DIARKIT_CONTROL_TOKEN=TOKEN).exit_code == 0


def test_another_server_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    ended = verify(url)
    assert ended.exit_code == 2
    assert "it is not diarkit's fake, or does not answer" in ended.stderr


def test_without_a_fake_at_hand_the_flag_is_refused() -> None:
    ended = CliRunner().invoke(contract_alone, ["http://127.0.0.1:1", "--fake"])
    assert ended.exit_code == 2
