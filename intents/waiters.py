"""Who waits for what in this process. Register first, then read, then park: then no wake-up is ever lost.

Everything but `wake` and `wake_all` belongs to the event loop's thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from django.db import DatabaseError

from intents.errors import DomainError

log = logging.getLogger(__name__)

STREAMS_PER_KEY = 1000
SAFETY_NET_SECONDS = 3.0


class TooManyStreams(DomainError):
    """This key holds as many open streams as one key may (429)."""

    status = 429
    code = "too_many_streams"
    retry_after = 5


class Heads(Protocol):
    """Reads, in one query each, how far the parked intents are and which parked addresses have free work."""

    async def __call__(self, intent_ids: list[str], addresses: list[str]) -> tuple[dict[str, int], set[str]]: ...


class Waiter:
    """One parked client and one name. `seen` is the last event seq that it has read; `event` ends its parking."""

    def __init__(self, name: str, event: asyncio.Event, seen: int = 0) -> None:
        self.name = name
        self.event = event
        self.seen = seen


class Registry:
    """All waiters of one process, by name, and how many streams each key holds."""

    def __init__(self, limit: int = STREAMS_PER_KEY) -> None:
        self.streams: Counter[str] = Counter()
        self._limit = limit
        self._waiters: defaultdict[str, set[Waiter]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None

    def wake(self, names: Iterable[str]) -> None:
        """Let all who wait for these names read again. Safe from any thread; never blocks."""
        self._call(self._wake, set(names))

    def wake_all(self) -> None:
        """Let everybody read again: after the news may have been missed. Safe from any thread."""
        self._call(self._wake_all)

    @contextmanager
    def waiting(self, name: str, event: asyncio.Event, seen: int = 0) -> Iterator[Waiter]:
        """Registered for `name` inside the block."""
        self._loop = asyncio.get_running_loop()
        waiter = Waiter(name, event, seen)
        self._waiters[name].add(waiter)
        try:
            yield waiter
        finally:
            self._waiters[name].discard(waiter)
            if not self._waiters[name]:
                del self._waiters[name]

    @contextmanager
    def stream_of(self, key: str) -> Iterator[None]:
        """Counted as one of the key's streams inside the block. TooManyStreams at the limit."""
        if self.streams[key] >= self._limit:
            raise TooManyStreams(f"This key already holds {self._limit} open streams: close some, or use another key.")
        self.streams[key] += 1
        try:
            yield
        finally:
            self.streams[key] -= 1
            if not self.streams[key]:
                del self.streams[key]

    def names(self, prefix: str) -> list[str]:
        """What is waited for, of the names that begin with `prefix`, without it."""
        return [name.removeprefix(prefix) for name in self._waiters if name.startswith(prefix)]

    async def read_again(self, heads: Heads) -> None:
        """The safety net: one batched look at everything that is waited for; wakes whoever missed something."""
        intents, addresses = self.names("intent:"), self.names("agent:")
        if not intents and not addresses:
            return
        seqs, ready = await heads(intents, addresses)
        for intent_id, seq in seqs.items():
            for waiter in self._waiters.get(f"intent:{intent_id}", ()):
                if seq > waiter.seen:
                    waiter.seen = seq
                    waiter.event.set()
        self._wake({f"agent:{address}" for address in ready})

    def _call(self, call: Callable[..., None], *args: object) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has just been closed: nobody waits any more
                self._loop.call_soon_threadsafe(call, *args)

    def _wake(self, names: set[str]) -> None:
        for name in names:
            for waiter in self._waiters.get(name, ()):
                waiter.event.set()

    def _wake_all(self) -> None:
        self._wake(set(self._waiters))


async def safety_net(registry: Registry, heads: Heads, seconds: float = SAFETY_NET_SECONDS) -> None:
    """For as long as the server runs, look after those whose wake-up was lost."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await registry.read_again(heads)
        except DatabaseError as error:
            log.warning("the safety net waits for the database: %s", error)
