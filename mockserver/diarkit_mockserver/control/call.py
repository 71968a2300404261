"""Calls of the control API: rows of the table, derived from handler functions, and their bodies, read with line and column.

Calling a row makes an `Order`, which a client sends, over HTTP or in process; the server executes it with `Call.run`.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Concatenate, Final, Generic, Literal, ParamSpec, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

from diarkit_fixtures.texts.read import Problem
from diarkit_fixtures.texts.tree import find_node
from diarkit_fixtures.texts.yaml import read_tree
from diarkit_mockserver.control.orders import FaultList, NewWorld
from diarkit_mockserver.control.problem import refuse, refuse_text, refuse_unknown
from diarkit_mockserver.scenario.faults import NO_OUTAGE, Fault
from diarkit_mockserver.scenario.load import ScenarioError, parse_value
from diarkit_mockserver.scenario.model import Scenario
from diarkit_mockserver.scenario.plain import write_plain
from diarkit_mockserver.world.platform import Platform
from diarkit_mockserver.world.world import World

Asked = ParamSpec("Asked")
Returned_co = TypeVar("Returned_co", covariant=True)
Returned = TypeVar("Returned")
Built = TypeVar("Built")
Method: TypeAlias = Literal["GET", "POST", "PUT", "DELETE"]

SOURCE: Final = "body"


@dataclass(frozen=True, slots=True)
class Here:
    """The world of a call, with its platform."""

    platform: Platform
    name: str
    world: World


About = TypeVar("About", Here, Platform)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Description and bounds of a query parameter."""

    text: str
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """An alternative format of an answer."""

    kind: str
    write: Callable[[Any], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Asked, Returned_co]):
    """A call.

    Attributes:
        path: below the prefix of the control API; `{names}` are arguments.
        handle: answers it; called in the server's thread with its subject and the arguments.
        signature: of `handle`, with resolved types.
        about_server: whether it is about the server rather than one world.
        parameters: the arguments in the path or the query.
        body: type of the request body; None for none.
        answer: type of the answer; None for none.
        forms: alternative formats of the answer, by the value of `?format=`.
        guarded: the argument that always requires the token; None for none.
    """

    method: Method
    path: str
    tag: str
    handle: Callable[..., Returned_co]
    signature: inspect.Signature
    about_server: bool
    parameters: tuple[inspect.Parameter, ...]
    body: type[Any] | None
    answer: Any
    status: int
    forms: Mapping[str, Form]
    guarded: str | None

    def __call__(self, *asked: Asked.args, **named: Asked.kwargs) -> Order[Returned_co]:
        """Make an order with arguments; the client that sends it adds the world."""
        bound = self.signature.bind(None, *asked, **named).arguments
        return Order(self, dict(list(bound.items())[1:]))

    def find(self, platform: Platform, world: str) -> Platform | Here:
        """Return the subject of the call, or raise a ControlError for an unknown world (empty: the default one)."""
        if self.about_server:
            return platform
        found = platform.worlds.get(world) if world else platform.world
        if found is None:
            raise refuse_unknown("world", world, platform.worlds)
        return Here(platform, world, found)

    def run(self, platform: Platform, world: str, arguments: Mapping[str, object], body: object) -> Returned_co:
        """Execute the call, in the server's thread, with a body as parsed by `parse_body`."""
        about = self.find(platform, world)
        return self.handle(about, **arguments if self.body is None else {**arguments, "body": body})


@dataclass(frozen=True, slots=True)
class Order(Generic[Returned_co]):
    """A call with its arguments and body."""

    call: Call[..., Returned_co]
    arguments: Mapping[str, object]

    def write_path(self, world: str) -> str:
        """Return path and query."""
        path, query = self.call.path, {"world": world or None}
        for name, value in self.arguments.items():
            if f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
            elif name != "body" and value is not None:
                query[name] = str(value).lower() if isinstance(value, bool) else str(value)
        sent = urlencode({name: value for name, value in query.items() if value is not None})
        return f"{path}?{sent}" if sent else path

    def write_body(self) -> str | None:
        """Return the body as JSON; None without one."""
        return None if self.call.body is None else json.dumps(write_plain(self.arguments["body"]))


def call(  # noqa: PLR0913 - a row has that many columns
    method: Method,
    path: str,
    tag: str,
    *,
    status: int = 200,
    forms: Mapping[str, Form] = MappingProxyType({}),
    guarded: str | None = None,
) -> Callable[[Callable[Concatenate[About, Asked], Returned]], Call[Asked, Returned]]:
    """Make a row from a handler function: name, docstring, arguments and answer."""

    def make(handle: Callable[Concatenate[About, Asked], Returned]) -> Call[Asked, Returned]:
        signature = inspect.signature(handle)
        subject, *asked = signature.parameters.values()
        return Call(
            method=method,
            path=path,
            tag=tag,
            handle=handle,
            signature=signature,
            about_server=subject.annotation is Platform,
            parameters=tuple(one for one in asked if one.name != "body"),
            body=next((one.annotation for one in asked if one.name == "body"), None),
            answer=signature.return_annotation,
            status=204 if signature.return_annotation is None else status,
            forms=forms,
            guarded=guarded,
        )

    return make


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


async def decide_on(platform: Platform, decide: Callable[[Platform], Any], world: str) -> Any:
    """Run a function on a platform, or on the shared one that it belongs to; 503 if its store is unreachable."""
    if platform.shared is None:
        return decide(platform)
    try:
        return await platform.shared.call(decide, world)
    except ConnectionError as error:
        raise refuse(503, "store-lost", str(error)) from None
