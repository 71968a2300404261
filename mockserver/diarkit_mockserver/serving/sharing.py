"""A connection of a server whose platform is shared by several processes: each decision waits for the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diarkit_mockserver.intake.refusals import Refusal
from diarkit_mockserver.serving.connection import ClientConnection, Shared
from diarkit_mockserver.world.wire import Response, write_refusal

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable

    from diarkit_mockserver.intake.upload import UploadReader
    from diarkit_mockserver.serving.message import Message
    from diarkit_mockserver.world.place import SharedPlatform
    from diarkit_mockserver.world.platform import Platform
    from diarkit_mockserver.world.visit import Visit


class SharedConnection(ClientConnection):
    """The protocol of one connection to a shared platform.

    Args:
        shared: by the connections of its server.
        loop: of its server.
        many: the platform of all processes.
    """

    def __init__(self, shared: Shared, loop: asyncio.AbstractEventLoop, many: SharedPlatform[Platform]) -> None:
        super().__init__(shared, loop)
        self.number += many.first_connection
        self._many = many

    def _visit(self, message: Message, fault: Refusal | None) -> None:
        self._answer_later(self._visit_shared(message, fault))

    async def _visit_shared(self, message: Message, fault: Refusal | None) -> None:
        """Answer a request, or for an upload, begin it and find out whether to read its body."""
        request, response, many = message.request, None, self._many
        has_body = not self._parser.message_ended
        try:
            if request.method == "POST" or has_body or fault is not None:
                message.visit, message.place = await many.begin(request, self.number)
            visit = message.visit
            if visit is not None and fault is not None:
                response = await many.refuse(visit, fault)
            elif visit is None or not self._platform.is_upload(visit, message.place):
                response = await many.answer(request, self.number, visit)
            elif message.place is not None and message.place.world.scenario.limits.before_body:
                response = await many.refuse_early(visit)
        except ConnectionError as error:
            response = write_refusal(Refusal(503, reason=str(error)))
        if self.transport.is_closing():
            return
        self._answering = None
        if response is None and message.visit is not None:
            message.upload = self._platform.read_upload(message.visit, message.place)
        elif response is not None and fault is not None:
            self._end(response)
        elif response is not None:
            self._respond(message, response)
        self._go_in(message)

    def _answer_upload(self, message: Message, visit: Visit, upload: UploadReader) -> None:
        answering = self._many.answer(message.request, self.number, visit, upload)
        self._answer_later(self._answer_awaited(message, answering))

    def _refuse_upload(self, message: Message, visit: Visit, refusal: Refusal) -> None:
        del message
        self._answer_later(self._end_awaited(self._many.refuse(visit, refusal)))

    async def _end_awaited(self, answering: Awaitable[Response]) -> None:
        response = await answering
        if not self.transport.is_closing():
            self._end(response)

    def _give_up(self, message: Message, visit: Visit, reason: str) -> None:
        del message
        self._run(self._many.give_up(visit, reason))
