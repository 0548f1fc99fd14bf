"""One open event stream, seen from the server: it writes, parks, notices that the client left, and ends cleanly."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from intents import sse
from intents.asgi import Headers, Message, Receive, Send

KEEPALIVE_SECONDS = 10.0
WRITE_SECONDS = 10.0  # a client that does not take its bytes for so long has left


class OpenStream:
    """`stirred` ends any parking: set it, and the stream looks again at what it waits for."""

    def __init__(self, receive: Receive, send: Send, seconds: float, keepalive: float = KEEPALIVE_SECONDS) -> None:
        self.stirred = asyncio.Event()
        self.gone = False
        self._closing = False
        self._receive = receive
        self._send = send
        self._keepalive = keepalive
        self._loop = asyncio.get_running_loop()
        self._ends_at = self._loop.time() + seconds
        self._watcher: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        """True once nothing more should be read or written but the end."""
        return self.gone or self._closing or self._loop.time() >= self._ends_at

    def close(self) -> None:
        """End soon, with `stream.timeout`. Only from the loop's thread."""
        self._closing = True
        self.stirred.set()

    async def start(self, headers: Headers) -> None:
        """Send the headers and a first comment, so that proxies and clients see them at once."""
        self._watcher = self._loop.create_task(self._watch())
        await self._pass_on({"type": "http.response.start", "status": 200, "headers": [*sse.HEADERS, *headers]})
        await self.write(sse.KEEPALIVE)

    async def write(self, text: bytes) -> None:
        """Send these bytes, unless the client has left."""
        await self._pass_on({"type": "http.response.body", "body": text, "more_body": True})

    async def park(self) -> None:
        """Return when stirred or over; until then a keepalive comment now and then."""
        while not self.over:
            if await self._stirred_within(self._keepalive):
                self.stirred.clear()
                return
            if not self.over:
                await self.write(sse.KEEPALIVE)

    async def pause(self, seconds: float) -> None:
        """Wait without looking, but never past the end."""
        await asyncio.sleep(max(0.0, min(seconds, self._ends_at - self._loop.time())))

    async def finish(self, last_words: bytes = b"") -> None:
        """End the body properly: stock clients take a cut one for an error."""
        await self._pass_on({"type": "http.response.body", "body": last_words, "more_body": False})

    def release(self) -> None:
        """Stop watching the client."""
        if self._watcher is not None:
            self._watcher.cancel()

    async def _stirred_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(min(self._loop.time() + seconds, self._ends_at)):
                await self.stirred.wait()
        return self.stirred.is_set()

    async def _pass_on(self, message: Message) -> None:
        if self.gone:
            return
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                await self._send(message)
        except (OSError, TimeoutError):
            self._left()

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._left()

    def _left(self) -> None:
        self.gone = True
        self.stirred.set()
