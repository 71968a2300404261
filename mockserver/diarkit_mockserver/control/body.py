"""Parse the body of a call, with line and column for errors."""

from __future__ import annotations

from typing import Final, TypeVar

from diarkit_fixtures.texts.read import Problem
from diarkit_fixtures.texts.tree import find_node
from diarkit_fixtures.texts.yaml import read_tree
from diarkit_mockserver.control.orders import FaultList, NewWorld
from diarkit_mockserver.control.problem import refuse_text
from diarkit_mockserver.scenario.faults import NO_OUTAGE, Fault
from diarkit_mockserver.scenario.load import ScenarioError, parse_value
from diarkit_mockserver.scenario.model import Scenario

Built = TypeVar("Built")

SOURCE: Final = "body"


def parse_body(cls: type[Built], text: str, world: str) -> Built:
    """Read a value of a class from YAML; only in the default world, with the empty name, may it have an outage."""
    path = ("scenario",) if cls is NewWorld else ()
    try:
        value = parse_value(cls, text, source=SOURCE, directory=None, rules_in=path)[0]
        if world or cls is NewWorld:
            _refuse_outages(value, text, path)
    except ScenarioError as error:
        raise refuse_text(error) from None
    return value


def _refuse_outages(value: object, text: str, path: tuple[str, ...]) -> None:
    """Refuse faults that would affect other worlds, with the positions of all of them."""
    holder = value.scenario if isinstance(value, NewWorld) else value
    faults: tuple[Fault, ...] = holder.faults if isinstance(holder, (Scenario, FaultList)) else ()
    beyond = [index for index, fault in enumerate(faults) if fault.outage is not None]
    if not beyond or (tree := read_tree(text)[0]) is None:
        return
    places = [(index, find_node(tree, (*path, "faults", index, "outage")).place) for index in beyond]
    raise ScenarioError(
        Problem(SOURCE, place.line, place.column, NO_OUTAGE.format(index + 1)) for index, place in places
    )
