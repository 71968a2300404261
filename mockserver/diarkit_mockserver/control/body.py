"""The body of a request to the control API: a bounded text into a value, or all that is wrong with it by line and column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from diarkit_fixtures.texts.json_as_yaml import make_yaml
from diarkit_fixtures.texts.read import Problem, decode_text
from diarkit_fixtures.texts.tree import find_place
from diarkit_fixtures.texts.yaml import read_tree
from diarkit_mockserver.control.problem import ProblemError
from diarkit_mockserver.scenario.faults import NO_OUTAGE
from diarkit_mockserver.scenario.load import ScenarioError, parse_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from diarkit_mockserver.scenario.faults import Fault

Built = TypeVar("Built")

LARGEST_BODY: Final = 16 << 20
"""Bytes; a scenario with a day of speech is a few."""

SOURCE: Final = "body"


async def read_text(request: Request) -> str:
    """Read the body as a text that the YAML reader takes, JSON or not.

    Raises:
        ProblemError: 413 for one that is too large.
        ScenarioError: for one that is not UTF-8.
    """
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > LARGEST_BODY:
            raise ProblemError(413, "body-too-large", f"expected at most {LARGEST_BODY} bytes")
    text = decode_text(bytes(data), source=SOURCE, error=ScenarioError)
    is_json = "json" in request.headers.get("content-type", "json")
    return make_yaml(text) if is_json else text


def parse_body(cls: type[Built], text: str, *, rules_in: tuple[str, ...] = ()) -> Built:
    """Read a value of a class from a body.

    Args:
        cls: its fields are the keys.
        text: JSON or YAML.
        rules_in: keys that lead to what has the rules.

    Raises:
        ScenarioError: with all that is wrong with it.
    """
    return parse_value(cls, text, source=SOURCE, directory=None, rules_in=rules_in)[0]


def refuse_outages(faults: Sequence[Fault], text: str, *path: str) -> None:
    """Refuse faults that would reach beyond a world that has a name.

    Args:
        faults: as read.
        text: they were read from.
        path: keys that lead to what has the faults.

    Raises:
        ScenarioError: with the places of all outages.
    """
    wrong = [index for index, fault in enumerate(faults) if fault.outage is not None]
    tree, _ = read_tree(text) if wrong else (None, ())
    if tree is not None:
        places = [find_place(tree, (*path, "faults", index, "outage")) for index in wrong]
        raise ScenarioError(
            Problem(SOURCE, place.line, place.column, NO_OUTAGE.format(index + 1))
            for index, place in zip(wrong, places, strict=True)
        )
