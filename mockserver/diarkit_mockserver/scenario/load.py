"""Load a scenario file, or report all its errors.

Steps: YAML to a tree with positions; the tree to dataclasses; checks of results, segments and RTTM files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias, TypeVar

from diarkit_fixtures.texts.read import TextError, decode_text, load_text, read_value
from diarkit_mockserver.errors import FakeError

if TYPE_CHECKING:
    from diarkit_fixtures.texts.tree import Flaw, Node
    from diarkit_mockserver.scenario.content import Spoken
    from diarkit_mockserver.scenario.model import Scenario

Built = TypeVar("Built")

ScenarioLike: TypeAlias = "Scenario | str | Path | Mapping[str, object]"
"""A scenario, the path of its file, or the content of the file as plain values."""


class ScenarioError(FakeError, TextError):
    """A scenario file is invalid."""


def read_scenario(given: ScenarioLike) -> Scenario:
    """Read a scenario from any of its forms; RTTM files of plain values are relative to the working directory."""
    from diarkit_mockserver.scenario.model import Scenario  # noqa: PLC0415 - as below

    if isinstance(given, Scenario):
        return given
    if isinstance(given, (str, Path)):
        return load_scenario(Path(given))
    import json  # noqa: PLC0415

    from diarkit_mockserver.scenario.plain import write_plain  # noqa: PLC0415 - not needed with classes

    return parse_scenario(json.dumps(write_plain(given), indent=1), source="scenario", directory=Path())


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file; raises like `read_scenario`."""
    return parse_scenario(load_text(path, error=ScenarioError), source=str(path), directory=path.parent)


def read_stream(stream: BinaryIO) -> Scenario:
    """Read a scenario from standard input; raises like `load_scenario`."""
    text = decode_text(stream.read(), source="-", error=ScenarioError)
    return parse_scenario(text, source="-", directory=Path())


def parse_scenario(text: str, *, source: str, directory: Path | None) -> Scenario:
    """Read a scenario.

    Args:
        text: YAML or JSON.
        source: name of the text, for errors.
        directory: of its RTTM files; None refuses them all.

    Raises:
        ScenarioError: with all errors.
    """
    from diarkit_mockserver.scenario.model import Scenario  # noqa: PLC0415 - not needed without a file

    scenario, spoken = parse_value(Scenario, text, source=source, directory=directory)
    rules = tuple(
        replace(rule, then=replace(rule.then, rttm=None, segments=spoken[index])) if index in spoken else rule
        for index, rule in enumerate(scenario.rules)
    )
    return replace(scenario, rules=rules)


def parse_value(
    cls: type[Built], text: str, *, source: str, directory: Path | None, rules_in: tuple[str, ...] = ()
) -> tuple[Built, dict[int, Spoken]]:
    """Read a scenario, or a value of another class with rules, and the content of their RTTM files by the rule's position.

    `rules_in` is the path of keys to the mapping with the rules; other arguments as for `parse_scenario`.
    """
    from diarkit_fixtures.texts.tree import find_node  # noqa: PLC0415
    from diarkit_mockserver.scenario.content import check_content  # noqa: PLC0415 - as above

    spoken: dict[int, Spoken] = {}

    def check(tree: Node) -> tuple[Flaw, ...]:
        found, flaws = check_content(find_node(tree, rules_in), directory)
        spoken.update(found)
        return flaws

    return read_value(cls, text, source=source, check=check, error=ScenarioError)[0], spoken
