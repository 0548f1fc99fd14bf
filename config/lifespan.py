"""What runs beside the requests of one web process: the safety net, and the threads that feed its registry."""

from __future__ import annotations

import asyncio
import logging

from django.db import DatabaseError

from config import embedded
from intents import clock
from intents.asgi import App, Receive, Scope, Send
from intents.reads import Reads
from intents.streams import StreamApp
from intents.waiters import safety_net
from notifications import wakeup

log = logging.getLogger(__name__)
CLOCK_SECONDS = 10.0


class Lifespan:
    """ASGI: starts and stops these with the server, and passes every request on."""

    def __init__(self, streams: StreamApp, inner: App) -> None:
        self._streams = streams
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: the server's life, or one request."""
        if scope["type"] != "lifespan":
            await self._inner(scope, receive, send)
            return
        await receive()
        beside = self._start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop(beside)
        await send({"type": "lifespan.shutdown.complete"})

    def _start(self) -> list[asyncio.Task[None]]:
        wakeup.start(self._streams.registry, worker_here=embedded.is_running())
        reads = self._streams.reads
        runs = (safety_net(self._streams.registry, reads.heads), keep_time(reads))
        return [asyncio.get_running_loop().create_task(run) for run in runs]

    async def _stop(self, beside: list[asyncio.Task[None]]) -> None:
        self._streams.close_all()
        for task in beside:
            task.cancel()
        await asyncio.to_thread(wakeup.stop)


async def keep_time(reads: Reads, seconds: float = CLOCK_SECONDS) -> None:
    """Workers measure the database's time at each tick; a web process, whose clock may be off as well, does it here."""
    while True:
        try:
            await reads(clock.measure)
        except DatabaseError as error:
            log.warning("the clock waits for the database: %s", error)
        await asyncio.sleep(seconds)
