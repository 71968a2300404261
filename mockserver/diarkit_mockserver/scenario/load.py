"""A scenario file into a scenario, or all that is wrong with it. Knows what the words in it mean only from `scenario`.

The steps: YAML into a tree with places; the tree into dataclasses; results, segments and RTTM files checked where they stand.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from diarkit_fixtures.texts.read import TextError, decode_text, load_text, read_value
from diarkit_mockserver.errors import FakeError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from diarkit_fixtures.texts.tree import Flaw, Node
    from diarkit_mockserver.scenario.content import Spoken
    from diarkit_mockserver.scenario.model import Scenario

Built = TypeVar("Built")

ScenarioLike: TypeAlias = "Scenario | str | Path | Mapping[str, object]"
"""A scenario, the path of its file, or what stands in that file as plain values."""


class ScenarioError(FakeError, TextError):
    """A scenario file is not one."""


def read_scenario(told: ScenarioLike) -> Scenario:
    """Read a scenario from any of its forms; RTTM files of plain values are looked for in the working directory.

    Raises:
        ScenarioError: with all that is wrong with it.
        OSError: for a file that can't be read.
    """
    from diarkit_mockserver.scenario.model import Scenario  # noqa: PLC0415 - as below

    if isinstance(told, Scenario):
        return told
    if isinstance(told, (str, Path)):
        return load_scenario(Path(told))
    import json  # noqa: PLC0415

    from diarkit_mockserver.scenario.plain import write_plain  # noqa: PLC0415 - only those pay for these who write no classes

    return parse_scenario(json.dumps(write_plain(told), indent=1), source="scenario", directory=Path())


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file.

    Raises:
        ScenarioError: with all that is wrong with it.
        OSError: if it can't be read at all.
    """
    return parse_scenario(load_text(path, error=ScenarioError), source=str(path), directory=path.parent)


def read_stream(stream: BinaryIO) -> Scenario:
    """Read a scenario from standard input; raises what `load_scenario` raises."""
    text = decode_text(stream.read(), source="-", error=ScenarioError)
    return parse_scenario(text, source="-", directory=Path())


def parse_scenario(text: str, *, source: str, directory: Path | None) -> Scenario:
    """Read a scenario.

    Args:
        text: YAML or JSON.
        source: name of the text, for errors.
        directory: where the RTTM files that it names are looked for; None refuses them all.

    Raises:
        ScenarioError: with all that is wrong with it.
    """
    from diarkit_mockserver.scenario.model import Scenario  # noqa: PLC0415 - only those who have a file pay for its libraries

    scenario, spoken = parse_value(Scenario, text, source=source, directory=directory)
    rules = tuple(
        replace(rule, then=replace(rule.then, rttm=None, segments=spoken[index])) if index in spoken else rule
        for index, rule in enumerate(scenario.rules)
    )
    return replace(scenario, rules=rules)


def parse_value(
    cls: type[Built], text: str, *, source: str, directory: Path | None, rules_in: tuple[str, ...] = ()
) -> tuple[Built, dict[int, Spoken]]:
    """Read a scenario, or another value of its classes.

    Args:
        cls: of the value.
        text: YAML or JSON.
        source: name of the text, for errors.
        directory: where the RTTM files that it names are looked for; None refuses them all.
        rules_in: keys that lead to what has the rules.

    Returns:
        The value, and what the RTTM files of its rules say, by the rule's position.

    Raises:
        ScenarioError: with all that is wrong with it.
    """
    from diarkit_fixtures.texts.tree import find_node  # noqa: PLC0415
    from diarkit_mockserver.scenario.content import check_content  # noqa: PLC0415 - as above

    spoken: dict[int, Spoken] = {}

    def check(tree: Node) -> tuple[Flaw, ...]:
        found, flaws = check_content(find_node(tree, rules_in), directory)
        spoken.update(found)
        return flaws

    return read_value(cls, text, source=source, check=check, error=ScenarioError)[0], spoken
