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

    def hand(self, work: Callable[[], None]) -> bool:
        """Return at once; somebody will do it. False if there is nobody, and no thread can be begun: nobody will."""
        with self._handed:
            self._work.append(work)
            self._handed.notify()
            if len(self._work) <= self._idle or self._threads == self._size:
                return True
            self._threads += 1
        try:
            threading.Thread(target=self._run, daemon=True, name="slack").start()
        except RuntimeError:  # this machine has no more
            return self._go_without(work)
        return True

    def offer(self, work: Callable[[], None]) -> None:
        """The same if somebody is free to do it now; else nobody will."""
        with self._handed:
            is_free = len(self._work) < self._idle or self._threads < self._size
        if is_free:
            self.hand(work)

    def _go_without(self, work: Callable[[], None]) -> bool:
        log.exception("no thread for slack")
        with self._handed:
            self._threads -= 1
            is_taken = work not in self._work
            if not is_taken:
                self._work.remove(work)
            return is_taken

    def _run(self) -> None:
        while work := self._next():
            try:
                self._do(work)
            except Exception:  # the next tick looks again, and leases run out
                log.exception("a slack thread failed")

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
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
