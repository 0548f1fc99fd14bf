"""The two event streams as a small ASGI application in front of another one: a parked client costs no thread.

Until a stream starts, every refusal is a JSON envelope with its status; from then on it always ends cleanly.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial

from django.db import DatabaseError

from intents.asgi import App, Headers, Receive, Scope, Send, header_map, refuse
from intents.errors import Busy, DomainError, Unauthenticated
from intents.following import Follower
from intents.limits import stranger
from intents.openstream import OpenStream
from intents.principal import Principal
from intents.reads import Reads
from intents.sources import Sources
from intents.views.endpoint import Endpoint
from intents.views.streams import EventStreamView, WorkStreamView
from intents.waiters import Registry
from intents.window import Window, window_of

log = logging.getLogger(__name__)

EVENTS = re.compile(r"^/v1/intents/([^/]+)/events/stream$")
WORK = re.compile(r"^/v1/agents/(.+)/intents/stream$")

Authenticate = Callable[[Mapping[str, str]], Principal]
Follow = Callable[[Follower], Awaitable[None]]
Door = Callable[[Principal, Window], Awaitable[Follow]]


class MethodNotAllowed(DomainError):
    """A stream is only ever read with GET (405)."""

    status = 405
    code = "method_not_allowed"


class StreamApp:
    """Answers the stream paths and passes everything else to `inner`."""

    def __init__(
        self,
        inner: App,
        authenticate: Authenticate,
        *,
        sources: Sources | None = None,
        registry: Registry | None = None,
        reads: Reads | None = None,
    ) -> None:
        self.registry = registry or Registry()
        self.reads = reads or Reads()
        self._inner = inner
        self._authenticate = authenticate
        self._sources = sources or Sources()
        self._open: set[OpenStream] = set()
        self._closing = False
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: one request."""
        path = scope["path"].removeprefix(scope.get("root_path", "")) if scope["type"] == "http" else ""
        if match := EVENTS.match(path):
            await self._answer(scope, receive, send, EventStreamView.api["GET"], partial(self._events, match[1]))
        elif match := WORK.match(path):
            await self._answer(scope, receive, send, WorkStreamView.api["GET"], partial(self._work, match[1]))
        else:
            await self._inner(scope, receive, send)

    def close_all(self) -> None:
        """End every stream with `stream.timeout`, and hold no new one. Safe from signal handlers and any thread."""
        self._closing = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has been closed, and with it every stream
                self._loop.call_soon_threadsafe(self._close_open)

    def _close_open(self) -> None:
        for stream in self._open:
            stream.close()

    async def _answer(self, scope: Scope, receive: Receive, send: Send, endpoint: Endpoint, door: Door) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            if scope["method"] != "GET":
                raise MethodNotAllowed("Read this stream with GET.")
            principal = await self._known(scope)
            endpoint.access.check(principal)
            window = window_of(scope["query_string"])
            with self.registry.stream_of(principal.name):
                follow = await door(principal, window)
                await self._hold(OpenStream(receive, send, window.seconds), follow)
        except DomainError as error:
            await refuse(send, error, *([(b"allow", b"GET")] if error.status == 405 else []))
        except DatabaseError:
            log.exception("no stream without the database")
            await refuse(send, Busy("The database does not answer. Ask again in a second."))

    async def _known(self, scope: Scope) -> Principal:
        headers = header_map(scope)
        try:
            return await self.reads(self._authenticate, headers)
        except Unauthenticated:
            peer = (scope.get("client") or ("",))[0]
            if standing := stranger(peer, headers.get("x-forwarded-for", "")):
                standing.check()
            raise

    async def _events(self, handle: str, principal: Principal, window: Window) -> Follow:
        intent_id = await self.reads(self._sources.find_intent, principal, handle)
        return lambda follower: follower.events(intent_id, window, principal)

    async def _work(self, address: str, principal: Principal, window: Window) -> Follow:
        agent = await self.reads(self._sources.find_agent, principal, address)
        return lambda follower: follower.work(agent, window)

    async def _hold(self, stream: OpenStream, follow: Follow) -> None:
        headers: Headers = []
        if self._closing:
            stream.close()
            headers = [(b"connection", b"close")]
        self._open.add(stream)
        try:
            await stream.start(headers)
            await follow(Follower(stream, self.registry, self.reads, self._sources))
        except Exception:  # the client must get a proper end, whatever went wrong here
            log.exception("a stream ended early")
            await stream.finish()
        finally:
            self._open.discard(stream)
            stream.release()
