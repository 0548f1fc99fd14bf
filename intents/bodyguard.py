"""Reads each request's body to its end before the application sees the request: a slow client holds no thread.

What goes on is unambiguous for a WSGI application: one Content-Length, an ASCII query, no header with an underscore
(which could not be told from its namesake with a dash).
"""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from intents.asgi import App, Message, Receive, Scope, Send, refuse
from intents.errors import DomainError, Malformed, TooLarge

LARGEST_BODY = 512 * 1024
PATIENCE_SECONDS = 15.0
_PRINTABLE = bytes(range(0x21, 0x7F)).decode("ascii")


class TooSlow(DomainError):
    """The body did not arrive in time (408)."""

    status = 408
    code = "request_timeout"


class Hangup(Exception):
    """The client left before its request was complete."""


class BodyGuard:
    """An ASGI application in front of `inner`."""

    def __init__(self, inner: App, largest: int = LARGEST_BODY, patience: float = PATIENCE_SECONDS) -> None:
        self._inner = inner
        self._largest = largest
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        try:
            body = await self._body(scope, receive)
        except DomainError as error:
            await refuse(send, error, (b"connection", b"close"))
        except Hangup:
            return
        else:
            await self._inner(_plain(scope, len(body)), _replay(body, receive), send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        declared = [value for name, value in scope["headers"] if name == b"content-length"]
        if any(not value.isdigit() for value in declared):
            raise Malformed("Content-Length is no number.")
        if any(int(value[:20]) > self._largest for value in declared):
            raise self._too_large()
        try:
            async with asyncio.timeout(self._patience):
                return await self._collect(receive)
        except TimeoutError:
            raise TooSlow(f"The body did not arrive within {self._patience:g} seconds.") from None

    async def _collect(self, receive: Receive) -> bytes:
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Hangup
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self._largest:
                raise self._too_large()
        return bytes(body)

    def _too_large(self) -> TooLarge:
        return TooLarge(f"A request's body may have {self._largest // 1024} KiB.", code="body_too_large")


def _plain(scope: Scope, length: int) -> Scope:
    """The scope with one true Content-Length, an ASCII query, and no look-alike headers."""
    dropped = (b"content-length", b"transfer-encoding")
    headers = [pair for pair in scope["headers"] if pair[0] not in dropped and b"_" not in pair[0]]
    query = quote(scope["query_string"], safe=_PRINTABLE).encode("ascii")
    return {**scope, "headers": [*headers, (b"content-length", str(length).encode("ascii"))], "query_string": query}


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the whole body at once, and then whatever comes."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed
