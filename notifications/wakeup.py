"""From a commit to those who wait for it: one thread drains the nudges, another hears those of other processes.

The only code that speaks to Redis, and never in a request's thread. What travels says "look", never "what"; whatever
is lost here is found by the next tick or by the safety net.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from intents import nudges
from notifications import tasks

log = logging.getLogger(__name__)

GUARD = "countersign:nudged:"
REST_SECONDS = 0.005  # between two drains: what comes meanwhile travels together
HELD_SECONDS = 0.02  # until a tick that was held back is asked for again
IDLE_SECONDS = 0.5
GUARD_SECONDS = 0.25
SILENT_SECONDS = 30.0
REDIS_SECONDS = 1.0
BACKOFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)
TICK_EXPIRES_SECONDS = 60
TASKS = {nudges.ANNOUNCE: tasks.announce, nudges.DELIVER: tasks.deliver, nudges.PUSH: tasks.push}


class Wakes(Protocol):
    """Whoever lets waiting clients look again, from any thread."""

    def wake(self, names: Iterable[str]) -> None:
        """Let those look who wait for these names."""

    def wake_all(self) -> None:
        """Let everybody look."""


class Nobody:
    """The registry of a process in which no client waits."""

    def wake(self, names: Iterable[str]) -> None:
        """Nobody is there."""

    def wake_all(self) -> None:
        """Nobody is there."""


class Outlet(Protocol):
    """Where drained names go."""

    def pass_on(self, ticks: set[str], look: set[str]) -> set[str]:
        """Ask for these ticks and let these names be looked at; the ticks to be asked for again."""


def send_tick(name: str) -> None:
    """Ask a worker for one tick now. Raises what the broker raises, after one try."""
    TASKS[name].apply_async(retry=False, expires=TICK_EXPIRES_SECONDS)


class Local:
    """Without Redis: wakes this process, and asks the worker in it, if there is one, at most every 250 ms."""

    def __init__(self, registry: Wakes, send: Callable[[str], None] | None) -> None:
        self._registry = registry
        self._send = send
        self._free_at: dict[str, float] = {}

    def pass_on(self, ticks: set[str], look: set[str]) -> set[str]:
        """See `Outlet`."""
        self._registry.wake(look)
        if self._send is None:
            return set()
        now = time.monotonic()
        free = {name for name in ticks if self._free_at.get(name, 0.0) <= now}
        for name in free:
            self._free_at[name] = now + GUARD_SECONDS
            self._send(name)
        return ticks - free


class Remote:
    """With Redis: one pipeline for all processes. After a failure it says nothing for 30 s, and wakes only its own."""

    def __init__(self, registry: Wakes, client: redis.Redis, send: Callable[[str], None]) -> None:
        self._registry = registry
        self._client = client
        self._send = send
        self._silent_until = 0.0

    def pass_on(self, ticks: set[str], look: set[str]) -> set[str]:
        """See `Outlet`."""
        if time.monotonic() >= self._silent_until:
            try:
                return ticks - self._publish(ticks, look)
            except Exception as error:  # whatever the client or the broker raises, ticks and the net go on
                self._silent_until = time.monotonic() + SILENT_SECONDS
                log.warning("Redis does not answer, silent for %d s: %s", SILENT_SECONDS, error, exc_info=True)
        self._registry.wake(look)
        return set()

    def _publish(self, ticks: set[str], look: set[str]) -> set[str]:
        names = sorted(ticks)
        pipe = self._client.pipeline(transaction=False)
        for name in names:
            pipe.set(GUARD + name, 1, nx=True, px=int(GUARD_SECONDS * 1000))
        if look:
            pipe.publish(channel_of(self._client), json.dumps(sorted(look)))
        free = {name for name, was_free in zip(names, pipe.execute(), strict=False) if was_free}
        for name in free:
            self._send(name)
        return free


class Drain:
    """Empties the set of nudges as soon as there is one, and then rests for 5 ms."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._ticks: set[str] = set()

    def run(self, stopped: threading.Event) -> None:
        """Until `stopped`."""
        while not stopped.wait(REST_SECONDS):
            nudges.wait(HELD_SECONDS if self._ticks else IDLE_SECONDS)
            try:
                self.once()
            except Exception:  # the thread must outlive it; what was lost is found by the next tick
                log.exception("nudges were lost")

    def once(self) -> None:
        """Pass on what has come since the last time, and the ticks that were held back."""
        names = nudges.drain()
        self._ticks |= names & TASKS.keys()
        look = names - TASKS.keys()
        held, self._ticks = self._ticks, set()
        if held or look:
            self._ticks = self._outlet.pass_on(held, look)


class Ear:
    """Hears what other processes publish. After every (re)connection everybody looks: something may have been said."""

    def __init__(self, registry: Wakes, client: redis.Redis) -> None:
        self._registry = registry
        self._client = client
        self._failures = 0

    def run(self, stopped: threading.Event) -> None:
        """Until `stopped`; reconnects after a growing pause."""
        while not stopped.is_set():
            try:
                self._listen(stopped)
            except (redis.RedisError, OSError) as error:
                pause = BACKOFF_SECONDS[min(self._failures, len(BACKOFF_SECONDS) - 1)]
                self._failures += 1
                log.warning("cannot hear other processes, next try in %g s: %s", pause, error)
                stopped.wait(pause)

    def _listen(self, stopped: threading.Event) -> None:
        with self._client.pubsub() as pubsub:  # type: ignore[no-untyped-call]
            pubsub.subscribe(channel_of(self._client))
            while not stopped.is_set():
                message = pubsub.get_message(timeout=REDIS_SECONDS)
                if message is not None:
                    self._failures = 0
                    self._hear(message)

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            self._registry.wake_all()
        elif message["type"] == "message":
            self._registry.wake(json.loads(message["data"]))


class WakeUp:
    """The threads of one process: a drain, and with Redis and a registry an ear."""

    def __init__(self, registry: Wakes | None = None, *, worker_here: bool = False, redis_url: str = "") -> None:
        here = registry or Nobody()
        self._stopped = threading.Event()
        self._clients = [connect(redis_url) for _ in range(2)] if redis_url else []
        outlet: Outlet
        if self._clients:
            outlet = Remote(here, self._clients[0], send_tick)
        else:
            outlet = Local(here, send_tick if worker_here else None)
        runs = [Drain(outlet).run]
        if registry is not None and self._clients:
            runs.append(Ear(registry, self._clients[1]).run)
        self._threads = [threading.Thread(target=run, args=(self._stopped,), daemon=True) for run in runs]

    def start(self) -> WakeUp:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """End within about a second; what is not drained yet is found by the next tick."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(2 * REDIS_SECONDS)
        for client in self._clients:
            client.close()


def channel_of(client: redis.Redis) -> str:
    """One channel for each of the server's numbered databases: publishing itself knows no such border."""
    return f"countersign:look:{client.get_connection_kwargs().get('db') or 0}"


def connect(url: str) -> redis.Redis:
    """A client that gives up after a second and never tries twice."""
    patience = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS}
    return redis.Redis.from_url(url, **patience, retry=Retry(NoBackoff(), 0), health_check_interval=5)


_running: list[WakeUp] = []


def start(registry: Wakes | None = None, *, worker_here: bool = False) -> None:
    """Start this process's threads, once. `worker_here`: a worker of the embedded mode runs in this process."""
    if not _running:
        _running.append(WakeUp(registry, worker_here=worker_here, redis_url=settings.REDIS_URL).start())


def stop() -> None:
    """Stop them, if they run."""
    while _running:
        _running.pop().stop()
