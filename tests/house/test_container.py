from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from diarkit_mockserver.commands.main import main

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE: Any = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
VARIABLES = {str(flag.envvar) for flag in main.commands["serve"].params if flag.envvar}


def read_instruction(name: str) -> str:
    """Return what the last stage says last."""
    return re.findall(rf"^{name} (.*)$", DOCKERFILE.rpartition("\nFROM ")[2], re.MULTILINE)[-1]


def is_command(words: list[str]) -> bool:
    """Say whether words are a call of `diarkit` that gets as far as its arguments."""
    command: click.Command | None = main
    for word in words:
        if not isinstance(command, click.Group):
            break
        command = command.get_command(click.Context(command), word)
    return command is not None and not isinstance(command, click.Group)


def test_the_container_serves_by_itself_and_says_whether_it_does() -> None:
    assert json.loads(read_instruction("ENTRYPOINT")) == ["diarkit"]
    assert is_command(json.loads(read_instruction("CMD")))
    entry, *check = json.loads(DOCKERFILE.partition("HEALTHCHECK ")[2].partition(" CMD ")[2].partition("\n")[0])
    assert entry == "diarkit"
    assert is_command(check)


def test_the_container_has_no_rights_that_it_does_not_need() -> None:
    assert read_instruction("USER") == "diarkit"
    assert "[test]" not in DOCKERFILE


def test_the_container_sets_only_what_the_server_knows() -> None:
    variables = re.findall(r"DIARKIT_\w+", read_instruction("ENV"))
    assert variables == ["DIARKIT_HOST"]
    assert set(variables) <= VARIABLES


def test_the_container_has_a_python_that_the_project_takes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    least = tuple(map(int, project["requires-python"].removeprefix(">=").split(".")))
    for version in re.findall(r"^FROM python:([\d.]+)-slim", DOCKERFILE, re.MULTILINE):
        assert tuple(map(int, version.split("."))) >= least
        assert f"Programming Language :: Python :: {version}" in project["classifiers"]


def test_what_the_wheel_is_built_from_is_let_into_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    needed = {"pyproject.toml", "requirements.lock", project["project"]["readme"], *project["project"]["license-files"]}
    sources = {
        package.partition("/")[0] for package in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    }
    assert needed | sources <= let_in
    assert "*" in lines
    assert all((ROOT / name).exists() for name in let_in)


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_what_a_service_mounts_and_names_is_there(name: str) -> None:
    service = COMPOSE["services"][name]
    mounted = dict(volume.split(":")[1::-1] for volume in service["volumes"])
    for source in mounted.values():
        assert source in COMPOSE["volumes"] or (ROOT / source).exists()
    for variable, value in service.get("environment", {}).items():
        if variable.startswith("DIARKIT_"):
            assert variable in VARIABLES
        if variable == "DIARKIT_SCENARIO":
            directory, _, file = value.rpartition("/")
            assert (ROOT / mounted[directory] / file).exists()


def test_scenarios_are_mounted_to_be_read_only() -> None:
    assert "./examples/scenarios:/config:ro" in COMPOSE["services"]["diarization"]["volumes"]


def test_the_client_waits_until_the_platform_answers() -> None:
    services = COMPOSE["services"]
    assert services["client"]["depends_on"]["diarization"] == {"condition": "service_healthy"}
    _, entry, *check = services["diarization"]["healthcheck"]["test"]
    assert entry == "diarkit"
    assert is_command(check)
    assert services["client"]["environment"]["SPEECH_PLATFORM_SERVER"] == "http://diarization:8000"


def test_services_call_commands_that_exist() -> None:
    assert is_command(COMPOSE["services"]["recordings"]["command"])
