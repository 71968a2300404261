"""What a call of the control API is: a row of the table, read off the function that answers it. Knows neither HTTP nor the rows.

A row that is called makes an `Order`, which a client sends, over HTTP or not; `Call.run` is what the server then does.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Literal, ParamSpec, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

from diarkit_mockserver.control.body import parse_body
from diarkit_mockserver.control.problem import refuse, refuse_unknown
from diarkit_mockserver.scenario.plain import write_plain
from diarkit_mockserver.world.platform import Platform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from diarkit_mockserver.world.world import World

Asked = ParamSpec("Asked")
Told_co = TypeVar("Told_co", covariant=True)
Told = TypeVar("Told")
Method: TypeAlias = Literal["GET", "POST", "PUT", "DELETE"]


@dataclass(frozen=True, slots=True)
class Here:
    """The world that a call is about, and where it is."""

    platform: Platform
    name: str
    world: World


About = TypeVar("About", Here, Platform)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is said of a query parameter beside its type."""

    text: str
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """Another form in which an answer is written.

    Attributes:
        kind: its media type.
        write: makes the text.
    """

    kind: str
    write: Callable[[Any], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Asked, Told_co]):
    """A call.

    Attributes:
        method: of HTTP.
        path: below the prefix of the control API; `{names}` in it are arguments.
        tag: under which it is described.
        handle: answers it; called in the server's thread with what the call is about and the arguments.
        signature: of `handle`, with the types as they are and not as texts.
        status: of HTTP.
        forms: other forms of the answer, by the value of `?format=`.
        guarded: the argument that needs the token, whatever else does; None if there is none.
    """

    method: Method
    path: str
    tag: str
    handle: Callable[..., Told_co]
    signature: inspect.Signature
    status: int
    forms: Mapping[str, Form]
    guarded: str | None

    @property
    def about_server(self) -> bool:
        """Whether it is about the server, and not about one world."""
        return next(iter(self.signature.parameters.values())).annotation is Platform

    @property
    def parameters(self) -> list[inspect.Parameter]:
        """The arguments that stand in the path or in the query."""
        return [one for one in list(self.signature.parameters.values())[1:] if one.name != "body"]

    @property
    def body(self) -> type[Any] | None:
        """What is sent; None for nothing."""
        sent = self.signature.parameters.get("body")
        return None if sent is None else sent.annotation

    @property
    def answer(self) -> Any:
        """What comes back; None for nothing."""
        return self.signature.return_annotation

    def __call__(self, *asked: Asked.args, **named: Asked.kwargs) -> Order[Told_co]:
        """Make this call with arguments; the client that sends it names the world."""
        bound = self.signature.bind(None, *asked, **named).arguments
        return Order(self, dict(list(bound.items())[1:]))

    def find(self, platform: Platform, world: str) -> Platform | Here:
        """Find what the call is about.

        Args:
            platform: of the server.
            world: its name; empty for the default one.

        Raises:
            ControlError: if there is no such world.
        """
        if self.about_server:
            return platform
        found = platform.worlds.get(world) if world else platform.world
        if found is None:
            raise refuse_unknown("world", world, platform.worlds)
        return Here(platform, world, found)

    def read(self, text: str | None, world: str) -> Any:
        """Make the value of a body, in any thread.

        Args:
            text: as YAML.
            world: that the call is about.

        Raises:
            ControlError: with all that is wrong with it.
        """
        return None if self.body is None else parse_body(self.body, text or "", world)

    def run(self, platform: Platform, world: str, arguments: Mapping[str, object], body: object) -> Told_co:
        """Answer the call, in the server's thread.

        Args:
            platform: of the server.
            world: its name; empty for the default one.
            arguments: by name, without the body.
            body: its value, as `read` makes it.

        Raises:
            ControlError: if it is refused.
        """
        about = self.find(platform, world)
        return self.handle(about, **arguments if self.body is None else {**arguments, "body": body})


@dataclass(frozen=True, slots=True)
class Order(Generic[Told_co]):
    """A call with its arguments, the body among them."""

    call: Call[..., Told_co]
    arguments: Mapping[str, object]

    def write_path(self, world: str) -> str:
        """Write path and query."""
        path, query = self.call.path, {"world": world or None}
        for name, value in self.arguments.items():
            if f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
            elif name != "body" and value is not None:
                query[name] = str(value).lower() if isinstance(value, bool) else str(value)
        sent = urlencode({name: value for name, value in query.items() if value is not None})
        return f"{path}?{sent}" if sent else path

    def write_body(self) -> str | None:
        """Write the body as JSON; None if there is none."""
        return None if self.call.body is None else json.dumps(write_plain(self.arguments["body"]))


def call(  # noqa: PLR0913 - a row has that many columns
    method: Method,
    path: str,
    tag: str,
    *,
    status: int = 200,
    forms: Mapping[str, Form] = MappingProxyType({}),
    guarded: str | None = None,
) -> Callable[[Callable[Concatenate[About, Asked], Told]], Call[Asked, Told]]:
    """Make a row of the table from the function that answers it: its name, its sentence, its arguments, its answer."""

    def make(handle: Callable[Concatenate[About, Asked], Told]) -> Call[Asked, Told]:
        signature = inspect.signature(handle)
        return Call(
            method=method,
            path=path,
            tag=tag,
            handle=handle,
            signature=signature,
            status=204 if signature.return_annotation is None else status,
            forms=forms,
            guarded=guarded,
        )

    return make


async def decide_on(platform: Platform, decide: Callable[[Platform], Any], world: str) -> Any:
    """Decide something on a platform, or on that of many processes that it is one of.

    Raises:
        ControlError: if it is refused; 503 if the processes have lost their store.
    """
    if platform.shared is None:
        return decide(platform)
    try:
        return await platform.shared.call(decide, world)
    except ConnectionError as error:
        raise refuse(503, "store-lost", str(error)) from None
