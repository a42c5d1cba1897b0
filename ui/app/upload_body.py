"""The body of a request that brings files: lines and runs of bytes out of the pieces in which it comes.

Little of it is in memory at a time. Knows no files and no uploads.
"""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

LINE = 8192  # the longest line
WAIT_SECONDS = 60.0  # for the next bytes
_DRAINED = 64 << 20  # so much of a refused request is read, for a browser shows no answer before it has sent all
_CUT_OFF = "What the browser sends was cut off; it is sent again."
UNREADABLE = "What the browser sends cannot be read."


class Refused(Exception):
    """One sentence, and the HTTP status that goes with it."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


async def pieces_of(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes. Refused when nothing more does."""
    stream = request.stream().__aiter__()
    while True:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                piece = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise Refused(408, "Nothing came for a minute; it is sent again.") from error
        if piece:
            yield piece


class Body:
    """Lines and runs of bytes out of the pieces of a body."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self.pieces, self.held = pieces, bytearray()

    async def line(self) -> bytes | None:
        """Up to the next line break; None at the end."""
        while (end := self.held.find(b"\n")) < 0:
            if len(self.held) > LINE:
                raise Refused(400, UNREADABLE)
            if not await self._more():
                if self.held:
                    raise Refused(408, _CUT_OFF)
                return None
        line = bytes(self.held[:end])
        del self.held[: end + 1]
        return line

    async def read(self, count: int) -> bytes:
        """Exactly ``count`` bytes; Refused where they do not come."""
        while len(self.held) < count:
            if not await self._more():
                raise Refused(408, _CUT_OFF)
        piece = bytes(self.held[:count])
        del self.held[:count]
        return piece

    async def _more(self) -> bool:
        try:
            self.held += await anext(self.pieces)
            return True
        except StopAsyncIteration:
            return False


async def drain(pieces: AsyncIterator[bytes]) -> None:
    """Read on for a while and keep nothing."""
    drained = 0
    try:
        async for piece in pieces:
            drained += len(piece)
            if drained > _DRAINED:
                return
    except (Refused, ClientDisconnect):
        return
