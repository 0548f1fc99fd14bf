"""How a tick runs: one sweep until nothing is left of it, never more than a few at once in a process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_last = time.monotonic()


class Tick:
    """A sweep that returns how many rows it handled. `at_once` ticks run together; a further one only leaves word,
    and the one that ends next looks again.
    """

    def __init__(self, sweep: Callable[[], int], batch: int, at_once: int = 1) -> None:
        self._sweep = sweep
        self._batch = batch
        self._slots = threading.BoundedSemaphore(at_once)
        self._wanted = threading.Event()

    def __call__(self) -> None:
        """Sweep until it comes back short; do nothing while enough others do."""
        self._wanted.set()
        while self._wanted.is_set() and self._slots.acquire(blocking=False):
            try:
                self._wanted.clear()
                while self._sweep() >= self._batch:
                    alive()
            finally:
                self._slots.release()
            alive()


def alive() -> None:
    """Note that work is getting on in this process. Long sweeps may call it too."""
    global _last  # noqa: PLW0603 - one process has one pulse
    _last = time.monotonic()


def idle_seconds() -> float:
    """How long ago anything was noted."""
    return time.monotonic() - _last
