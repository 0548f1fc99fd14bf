"""Collecting what several threads have done, so that one of them finishes it for all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
PAUSE_SECONDS = 0.03


class Together(Generic[T]):
    """Whoever comes first finishes for all who come meanwhile; the others return at once."""

    def __init__(self, finish: Callable[[list[T]], None]) -> None:
        self._finish = finish
        self._waiting: list[T] = []
        self._is_at_it = False
        self._lock = threading.Lock()

    def add(self, one: T) -> None:
        """It is finished soon, here or by another thread. `finish` must not raise anything."""
        with self._lock:
            self._waiting.append(one)
            if self._is_at_it:
                return
            self._is_at_it = True
        while some := self._next():
            self._finish(some)

    def _next(self) -> list[T]:
        time.sleep(PAUSE_SECONDS)
        with self._lock:
            some, self._waiting = self._waiting, []
            self._is_at_it = bool(some)
        return some
