"""A scenario file into a scenario, or all that is wrong with it. Knows what the words in it mean only from `scenario`.

The steps: YAML into a tree with places; the tree into dataclasses; results, segments and RTTM files checked where they stand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from diarkit_mockserver.errors import FakeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from diarkit_fixtures.texts.tree import Flaw
    from diarkit_mockserver.scenario.content import Spoken
    from diarkit_mockserver.scenario.model import Scenario

Built = TypeVar("Built")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to correct in a file.

    Attributes:
        source: name of the file.
        line: from 1.
        column: from 1.
        text: what was expected, and what came.
    """

    source: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        """Write it as compilers do, so that editors find the place."""
        return f"{self.source}:{self.line}:{self.column}: {self.text}"


class ScenarioError(FakeError, ValueError):
    """A scenario file is not one.

    Attributes:
        problems: all of them, in the order of the file.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file.

    Raises:
        ScenarioError: with all that is wrong with it.
        OSError: if it can't be read at all.
    """
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8").splitlines(keepends=True) or [""]
        ends = before[-1].endswith(("\n", "\r"))
        line, column = (len(before) + 1, 1) if ends else (len(before), len(before[-1]) + 1)
        problem = Problem(str(path), line, column, f"expected UTF-8, got the byte 0x{data[error.start]:02x}")
        raise ScenarioError([problem]) from None
    return parse_scenario(text, source=str(path), directory=path.parent)


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
    from diarkit_fixtures.texts.build import build_dataclass  # noqa: PLC0415
    from diarkit_fixtures.texts.tree import find_node  # noqa: PLC0415
    from diarkit_fixtures.texts.yaml import read_tree  # noqa: PLC0415
    from diarkit_mockserver.scenario.content import check_content  # noqa: PLC0415 - as above

    def refuse(flaws: Iterable[Flaw]) -> ScenarioError:
        return ScenarioError(
            [Problem(source, one.place.line, one.place.column, one.text) for one in sorted(set(flaws))]
        )

    tree, flaws = read_tree(text)
    if tree is None:
        raise refuse(flaws)
    value, misfits = build_dataclass(cls, tree)
    spoken, faults = check_content(find_node(tree, rules_in), directory)
    for later in (misfits, faults):
        # What could not be read or built has been named once.
        known = {flaw.place for flaw in flaws}
        flaws += tuple(flaw for flaw in later if flaw.place not in known)
    if value is None or flaws:
        raise refuse(flaws)
    return value, spoken
