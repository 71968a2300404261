"""One process of a shared platform: loads, decides, commits, and retries after a conflict."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from copy import copy
from functools import partial
from typing import Any, Final, TypeAlias
from weakref import WeakSet

from diarkit_mockserver.clock import Clock, to_ticks
from diarkit_mockserver.intake.parameters import decode_config, read_parameters
from diarkit_mockserver.intake.refusals import Refusal
from diarkit_mockserver.intake.request import ENDPOINT, Request
from diarkit_mockserver.intake.submission import Submission
from diarkit_mockserver.intake.upload import ReadUpload, UploadReader
from diarkit_mockserver.store.access import StoreLostError
from diarkit_mockserver.store.partial import Missing, Need
from diarkit_mockserver.store.shelf import Shelf, View
from diarkit_mockserver.store.turns import Turns
from diarkit_mockserver.world.place import Decided, Place
from diarkit_mockserver.world.platform import Platform, find_name
from diarkit_mockserver.world.visit import Visit
from diarkit_mockserver.world.wire import Response, write_refusal
from diarkit_mockserver.world.world import World

Step: TypeAlias = Callable[[Platform, Visit, Place | None], Response | None]

log = logging.getLogger("diarkit")

RETRY_SECONDS: Final = 0.2
"""Delay between attempts to reach a lost store."""

CONNECTION_BITS: Final = 24
"""Bits of a connection's number within its process; the higher bits are random and identify the process."""


class Replica:
    """A platform whose state is in a store."""

    def __init__(self, platform: Platform, shelf: Shelf) -> None:
        self.first_connection = secrets.randbits(24) << CONNECTION_BITS
        self._platform = platform
        self._shelf = shelf
        self._turns = Turns(self._try)
        self._clocks: dict[str, WeakSet[Clock]] = {}
        self._news = 0
        self._looking: set[asyncio.Task[None]] = set()
        self._is_lost = False
        platform.shared = self

    async def begin(self, request: Request, connection: int) -> tuple[Visit, Place | None]:
        """Begin a request that may have a body."""
        news = self._news
        view = await self._load(find_name(request.path), ())
        place = view.platform.find_place(request.path)
        visit = view.platform.begin(request, place, connection)
        self._release(view, view.platform.world if place is None else place.world, news)
        return visit, place

    async def answer(
        self, request: Request, connection: int, visit: Visit | None = None, upload: UploadReader | None = None
    ) -> Response:
        """Answer a request."""
        body = None if upload is None else ReadUpload(upload)

        def step(platform: Platform, visit: Visit, place: Place | None) -> Response:
            return platform.answer(visit, place if body or not platform.is_upload(visit, place) else None, copy(body))

        needs = _foresee(request) if visit is None or body is None else self._foresee_upload(visit, body)
        return await self._take(step, request, connection, visit, needs) or write_refusal(Refusal(503))

    async def refuse_early(self, visit: Visit) -> Response | None:
        """Refuse an upload by its head alone; None to read the body."""
        return await self._take(Platform.refuse_early, visit.request, visit.connection, visit)

    async def refuse(self, visit: Visit, refusal: Refusal) -> Response:
        """Refuse a request whose body is not read any further."""

        def step(platform: Platform, visit: Visit, place: Place | None) -> Response:
            return platform.refuse(visit, place, refusal.again())

        return await self._take(step, visit.request, visit.connection, visit) or write_refusal(Refusal(503))

    async def give_up(self, visit: Visit, reason: str) -> None:
        """Record a request that got no answer."""
        await self._take(partial(Platform.give_up, reason=reason), visit.request, visit.connection, visit)

    async def call(self, decide: Callable[[Platform], Decided], world: str) -> Decided:
        """Run a function on the platform and commit the changes; an exception of the function discards them and is raised."""
        return (await self._decide(decide, world, set(), in_turn=False, is_alone=True))[0]

    async def follow(self) -> None:
        """Apply the changes of other processes, until cancelled."""
        clock = Clock()
        try:
            while True:
                try:
                    async for view in self._shelf.changed():
                        self._note(None)
                        self._take_news(view)
                except StoreLostError as error:
                    self._note(error)
                await clock.wait_until(clock.now() + to_ticks(RETRY_SECONDS))
        finally:
            self._turns.cancel()
            await self._shelf.close()

    def _foresee_upload(self, visit: Visit, body: ReadUpload) -> set[Need]:
        """Predict the needs of an upload from the latest known setup of its world."""
        try:
            place, upload = self._platform.find_place(visit.request.path), copy(body).close()
            config = None if upload.config is None else decode_config(upload.config)
            parameters = read_parameters(visit.request.query, config)
        except (Refusal, Missing):
            return set()
        sent = Submission(filename=upload.filename, sha256=upload.sha256, size=upload.size, media=upload.media, parameters=parameters)  # fmt: skip
        return set() if place is None else {Need("repeat", place.world.name_submission(sent))}

    async def _take(
        self, step: Step, request: Request, connection: int, begun: Visit | None, needs: set[Need] | None = None
    ) -> Response | None:
        """Run one step of a request and commit it."""
        asked = None if begun is None else (begun.asked_at, begun.follows)

        def decide(platform: Platform) -> tuple[Visit, World | None, Response | None]:
            nonlocal asked
            place = platform.find_place(request.path)
            visit = platform.begin(request, place, connection) if begun is None else copy(begun)
            if asked is not None:
                visit.asked_at, visit.follows = asked
            asked = visit.asked_at, visit.follows
            return visit, None if place is None else place.world, step(platform, visit, place)

        news = self._news
        try:
            decided, view = await self._decide(
                decide, find_name(request.path), needs or set(), in_turn=begun is not None
            )
        except StoreLostError as error:
            return write_refusal(Refusal(503, reason=str(error)))
        visit, world, response = decided
        if begun is not None:
            begun.counted = visit.counted
        if response is not None and response.disturbance is not None and world is not None:
            self._release(view, world, news)
        return response

    async def _decide(
        self,
        decide: Callable[[Platform], Decided],
        world: str,
        needs: set[Need],
        *,
        in_turn: bool,
        is_alone: bool = False,
    ) -> tuple[Decided, View]:
        """Decide until the commit succeeds; after a conflict, together with the other decisions that wait in this process."""
        if not in_turn and (decided := await self._try([decide], world, needs)) is not None:
            return decided[0][0], decided[1]
        return await self._turns.take(decide, world, needs, is_alone=is_alone)

    async def _try(
        self, decides: Sequence[Callable[[Platform], Any]], world: str, needs: set[Need]
    ) -> tuple[list[Any], View] | None:
        """Load, decide, commit; None after a conflict."""
        while True:
            view = await self._load(world, needs)
            try:
                values = [decide(view.platform) for decide in decides]
                break
            except Missing as missing:
                needs.add(missing.need)
        try:
            added = await self._shelf.commit(view)
        except StoreLostError as error:
            self._note(error)
            raise
        if added is None:
            return None
        if self._platform.on_exchange is not None:
            for of, entry in added:
                self._platform.on_exchange(entry, of.clock.epoch)
        return values, view

    async def _load(self, world: str, needs: Collection[Need]) -> View:
        try:
            view = await self._shelf.load(world, needs)
        except StoreLostError as error:
            self._note(error)
            raise
        self._note(None)
        return view

    def _note(self, error: StoreLostError | None) -> None:
        """Log the loss and the return of the store, once each."""
        if self._is_lost is (error is None):
            self._is_lost = error is not None
            log.warning("%s", error or "the store answers again")

    def _release(self, view: View, world: World, news: int) -> None:
        """Start the clock of a world that a response will wait for, and register it for changes by other processes.

        `news` is the counter of changes before the view was loaded.
        """
        view.instant.run()
        key = next((part.key for part in view.parts.values() if part.world is world), "")
        self._clocks.setdefault(key, WeakSet()).add(world.clock)
        if news != self._news:  # the clock may have been changed since
            task = asyncio.ensure_future(self._look_again())
            self._looking.add(task)
            task.add_done_callback(self._looking.discard)

    async def _look_again(self) -> None:
        with suppress(StoreLostError):
            self._take_news(await self._load("", (Need("worlds"),)))

    def _take_news(self, view: View) -> None:
        """Set the registered clocks to the store's settings; those of removed worlds release their waits."""
        if not self._news and view.platform.world.origin != self._platform.world.origin:
            log.warning("the store already has a scenario, which is used; PUT /scenario replaces it")
        self._news += 1
        view.instant.run()
        # The pages read the setup of these worlds.
        self._platform.world, self._platform.worlds = view.platform.world, view.platform.worlds
        settings = {part.key: part.setting for part in view.parts.values()}
        self._clocks = {key: clocks for key, clocks in self._clocks.items() if clocks}
        for key, clocks in self._clocks.items():
            for clock in tuple(clocks):
                if (setting := settings.get(key)) is None:
                    clock.let_go()
                else:
                    clock.set_to(setting)


def _foresee(request: Request) -> set[Need]:
    """Predict the needs of a request without a body."""
    head, task_id = request.path.rpartition("/")[::2]
    return {Need("task", task_id.lower())} if head.endswith(ENDPOINT) else set()
