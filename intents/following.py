"""What the two streams do while they are open: follow an intent's events, or take an agent's work step by step."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import DatabaseError

from intents import nudges, sse
from intents.errors import Busy
from intents.lifecycle import Status, is_final
from intents.models import Agent
from intents.openstream import OpenStream
from intents.principal import Principal
from intents.reads import Reads
from intents.services.handout import Killed
from intents.sources import Sources
from intents.waiters import Registry
from intents.window import Window

log = logging.getLogger(__name__)
REST_SECONDS = 1.0  # between two looks while the database does not answer

R = TypeVar("R")
Frame = dict[str, Any]


class Follower:
    """What an open stream needs to look at the rows and to be woken."""

    def __init__(self, stream: OpenStream, registry: Registry, reads: Reads, sources: Sources) -> None:
        self.stream = stream
        self._registry = registry
        self._reads = reads
        self._sources = sources

    async def events(self, intent_id: uuid.UUID, window: Window, reader: Principal) -> None:
        """Every event after `since`, as it comes; ends after the terminal one."""
        last = window.since
        with self._registry.waiting(nudges.of_intent(intent_id), self.stream.stirred, last) as waiter:
            while not self.stream.over:
                events = await self._look(self._sources.events_after, intent_id, last, reader)
                if events:
                    last = waiter.seen = events[-1]["seq"]
                    await self.stream.write(b"".join(map(sse.frame, events)))
                    if any(is_final(event["status"]) for event in events):
                        return await self.stream.finish()
                await self.stream.park()
        return await self.stream.finish(sse.timeout(last + 1))

    async def work(self, agent: Agent, window: Window) -> None:
        """One step at a time: the next one is handed out only when the last has a result.

        Whoever lost its lease may hang: its stream ends, so that the step goes to a listener that calls again.
        The streams of an agent that is killed end; one that it opens after that stays open, and nothing comes.
        """
        last = window.since
        takes_work = (not window.statuses or Status.DELIVERED in window.statuses) and agent.killed_at is None
        await self._look(self._sources.seen, agent)
        while not self.stream.over:
            if not takes_work:
                await self.stream.park()
                continue
            try:
                frame = await self._next_step(agent)
            except Killed:
                break
            if frame is not None:
                last = max(last, frame["seq"])
                await self.stream.write(sse.frame(frame))
                if not await self._is_done(frame):
                    break
        await self.stream.finish(sse.timeout(last + 1))

    async def _next_step(self, agent: Agent) -> Frame | None:
        with self._registry.waiting(nudges.of_agent(agent.address), self.stream.stirred):
            while not self.stream.over:
                frame = await self._look(self._sources.hand_out, agent)
                if frame is not None:
                    return frame
                await self.stream.park()
        return None

    async def _is_done(self, frame: Frame) -> bool | None:
        """Wait for the step's result or the end of its lease; true if it has ended."""
        step_id = uuid.UUID(frame["intent_id"])
        with self._registry.waiting(nudges.of_intent(frame["parent_intent_id"]), self.stream.stirred):
            while await self._look(self._sources.still_held, step_id):
                await self.stream.park()
        return await self._look(self._sources.has_ended, step_id)

    async def _look(self, call: Callable[..., R], *args: object) -> R | None:
        """The call's result, or None once the stream is over. While the database is busy or away, try again."""
        await asyncio.sleep(0)  # let a hang-up that has just arrived be noticed: nothing is handed to the dead
        while not self.stream.over:
            try:
                return await self._reads(call, *args)
            except (DatabaseError, Busy) as error:
                log.warning("a stream waits for the database: %s", error)
                await self.stream.pause(REST_SECONDS)
        return None
