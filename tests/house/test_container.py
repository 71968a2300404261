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
from diarkit_mockserver.control.guard import OPEN
from diarkit_mockserver.control.orders import CONTROL
from diarkit_mockserver.scenario.load import parse_scenario

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE: Any = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
KUBERNETES: list[Any] = list(yaml.safe_load_all((ROOT / "examples/kubernetes.yaml").read_text("utf-8")))
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
    assert f"--uid {read_instruction('USER')} " in DOCKERFILE
    assert "[test]" not in DOCKERFILE


def test_what_the_image_installs_has_hashes_and_the_versions_of_the_suite() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    locked = re.findall(
        r"^([\w-]+==\S+)(?: ; .*)? \\\n +--hash=sha256:", (ROOT / "image.lock").read_text("utf-8"), re.MULTILINE
    )
    assert {re.split("[>=;]", each)[0] for each in project["dependencies"]} <= {each.split("==")[0] for each in locked}
    suite = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    assert set(locked) <= {line.partition(" ;")[0] for line in suite}
    assert "--require-hashes --requirement /image.lock " in DOCKERFILE


def test_the_container_sets_only_what_the_server_knows() -> None:
    variables = re.findall(r"DIARKIT_\w+", read_instruction("ENV"))
    assert variables == ["DIARKIT_HOST"]
    assert set(variables) <= VARIABLES


def test_the_container_has_a_python_that_the_project_takes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    least = tuple(map(int, project["requires-python"].removeprefix(">=").split(".")))
    versions = re.findall(r"^ARG PYTHON=python:([\d.]+)-slim", DOCKERFILE, re.MULTILINE)
    assert versions
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"${PYTHON}"}
    for version in versions:
        assert tuple(map(int, version.split("."))) >= least
        assert f"Programming Language :: Python :: {version}" in project["classifiers"]


def test_what_the_wheel_is_built_from_is_let_into_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    needed = {"pyproject.toml", "image.lock", project["project"]["readme"], *project["project"]["license-files"]}
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


def test_no_command_of_the_file_stops_the_client_when_another_service_completes() -> None:
    """`--exit-code-from` implies `--abort-on-container-exit`: any container's exit ends all."""
    waits_for = [each["condition"] for each in COMPOSE["services"]["client"]["depends_on"].values()]
    commands = re.findall(r"`(docker compose [^`]+)`", (ROOT / "compose.yaml").read_text("utf-8"))
    assert "service_completed_successfully" in waits_for
    assert any(command.endswith(" client") for command in commands)
    assert not any(re.search("--exit-code-from|--abort-on", command) for command in commands)


def test_services_call_commands_that_exist() -> None:
    assert is_command(COMPOSE["services"]["recordings"]["command"])


def test_the_platform_needs_no_root_that_can_be_written() -> None:
    platform = COMPOSE["services"]["diarization"]
    assert (platform["read_only"], platform["cap_drop"], platform["tmpfs"]) == (True, ["ALL"], ["/tmp"])  # noqa: S108 - in a container


def test_the_manifest_runs_the_container_as_it_is_built() -> None:
    config, deployment, service = KUBERNETES
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert f"--uid {pod['securityContext']['runAsUser']} " in DOCKERFILE
    (port,) = container["ports"]
    assert f"EXPOSE {port['containerPort']}" in DOCKERFILE
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]
    assert service["spec"]["selector"] == deployment["spec"]["template"]["metadata"]["labels"]
    assert {each["name"] for each in container["env"]} <= VARIABLES
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert set(mounts) == {volume["name"] for volume in pod["volumes"]}
    directory, _, file = container["env"][0]["value"].rpartition("/")
    assert directory == mounts["scenarios"]
    parse_scenario(config["data"][file], source=file, directory=None)
    # Variables of a Service that has our name would be taken for settings.
    assert pod["enableServiceLinks"] is False


def test_probes_ask_what_needs_no_token() -> None:
    (container,) = KUBERNETES[1]["spec"]["template"]["spec"]["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["path"].removeprefix(CONTROL) in OPEN
