"""Threads of their own that send webhooks, so that a receiver that hangs holds up neither mail nor a tick."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.db import connections

from notifications.webhooks.line import claim_due
from notifications.webhooks.push import push

log = logging.getLogger(__name__)
SLOTS = 32
"""How many requests one process has under way at most."""


class Pushers:
    """As many threads as there is work for, up to `slots`. Who finds work first sends for another, then does it."""

    def __init__(self, slots: int = SLOTS, rest: Callable[[], None] = connections.close_all) -> None:
        self._slots = threading.BoundedSemaphore(slots)
        self._rest = rest

    def start(self) -> None:
        """Return at once; somebody will look whether there is work, if a slot is free."""
        if self._slots.acquire(blocking=False):
            threading.Thread(target=self._run, daemon=True, name="webhook").start()

    def _run(self) -> None:
        """Until nothing is due. No connection is kept while the network is waited for, nor afterwards."""
        try:
            while claimed := claim_due(1):
                self.start()
                push(claimed[0], self._rest)
        except Exception:  # the next tick looks again, and leases run out
            log.exception("a webhook thread failed")
        finally:
            self._rest()
            self._slots.release()


def push_due(limit: int = SLOTS) -> int:
    """Send what is due in this thread, one after the other. Returns how many were claimed."""
    claimed = claim_due(limit)
    for delivery in claimed:
        push(delivery)
    return len(claimed)
