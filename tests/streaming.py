"""What the tests of the event streams share: the application, fed with the nudges of commits as the drain does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from approvals.authentication import authenticate
from intents import nudges
from intents.models import Intent
from intents.streams import StreamApp
from intents.waiters import Registry

WORK = "/v1/agents/infra-validator/intents/stream"


async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"inner", "more_body": False})


def run(story: Callable[[StreamApp], Awaitable[None]], **options: Any) -> None:
    """The story, with nudges of commits fed to the app's registry as the drain thread does."""

    async def told() -> None:
        app = StreamApp(elsewhere, authenticate, **options)
        feeding = asyncio.create_task(feed(app.registry))
        await asyncio.wait_for(story(app), 30)
        feeding.cancel()

    nudges.drain()
    asyncio.run(told())


async def feed(registry: Registry) -> None:
    while True:
        registry.wake(nudges.drain())
        await asyncio.sleep(0.01)


def events_path(intent: Intent) -> str:
    return f"/v1/intents/{intent.pk}/events/stream"
