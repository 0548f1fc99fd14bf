"""Threads that stay for a while: beginning one for each message costs as much as the message."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

log = logging.getLogger(__name__)
IDLE_SECONDS = 3.0


class Crew:
    """Works off what it is handed, up to `size` pieces at once. After each piece a thread rests, without a connection;
    whoever then has nothing to do for a while ends.
    """

    def __init__(self, size: int, rest: Callable[[], None]) -> None:
        self._size = size
        self._rest = rest
        self._work: deque[Callable[[], None]] = deque()
        self._threads = self._idle = 0
        self._handed = threading.Condition()

    def hand(self, work: Callable[[], None]) -> None:
        """Return at once; somebody will do it."""
        with self._handed:
            self._work.append(work)
            self._handed.notify()
            if len(self._work) <= self._idle or self._threads == self._size:
                return
            self._threads += 1
        threading.Thread(target=self._run, daemon=True, name="slack").start()

    def _run(self) -> None:
        while work := self._next():
            try:
                work()
            except Exception:  # the next tick looks again, and leases run out
                log.exception("a slack thread failed")
            finally:
                self._rest()

    def _next(self) -> Callable[[], None] | None:
        """None for who is to end."""
        with self._handed:
            self._idle += 1
            found = self._handed.wait_for(lambda: self._work, IDLE_SECONDS)
            self._idle -= 1
            if found:
                return self._work.popleft()
            self._threads -= 1
            return None
