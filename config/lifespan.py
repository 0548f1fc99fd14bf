"""What runs beside the requests of one web process: the safety net, and the threads that feed its registry."""

from __future__ import annotations

import asyncio

from config import embedded
from intents.asgi import Receive, Scope, Send
from intents.streams import StreamApp
from intents.waiters import safety_net
from notifications import wakeup


class Lifespan:
    """ASGI: starts and stops these with the server, and passes every request on."""

    def __init__(self, inner: StreamApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: the server's life, or one request."""
        if scope["type"] != "lifespan":
            await self._inner(scope, receive, send)
            return
        await receive()
        net = self._start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stop(net)
        await send({"type": "lifespan.shutdown.complete"})

    def _start(self) -> asyncio.Task[None]:
        wakeup.start(self._inner.registry, worker_here=embedded.is_running())
        return asyncio.get_running_loop().create_task(safety_net(self._inner.registry, self._inner.reads.heads))

    async def _stop(self, net: asyncio.Task[None]) -> None:
        self._inner.close_all()
        net.cancel()
        await asyncio.to_thread(wakeup.stop)
