"""The wire's first door: a request's line and headers are small and arrive soon, or the connection ends.

The web server itself takes headers without end, from anybody, before any application sees the request.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 64 * 1024
PATIENCE_SECONDS = 30.0


class BoundedHead(HttpToolsProtocol):
    """Closes a connection whose request head passes `LARGEST_HEAD` or is not whole within `PATIENCE_SECONDS`."""

    _head = 0  # bytes of a head that is not complete yet
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """From here on the first head is awaited."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """What completes a head is never refused: the body may stand in the same bytes."""
        self._head += len(data)
        super().data_received(data)
        if self._head > LARGEST_HEAD:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """A next request on the same connection has its own patience."""
        super().on_message_begin()
        if self._patience is None:
            self._await_head()

    def on_headers_complete(self) -> None:
        """The head is whole; what follows is bounded elsewhere (intents.bodyguard)."""
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Bytes of a body are none of a head."""
        self._head = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The next bytes are a new head."""
        self._head = 0
        super().on_message_complete()

    def _await_head(self) -> None:
        self._head = 0
        self._patience = self.loop.call_later(PATIENCE_SECONDS, self._too_slow)

    def _stop_waiting(self) -> None:
        self._head = 0
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _too_slow(self) -> None:
        self._patience = None
        if not self.transport.is_closing():
            self.transport.abort()
