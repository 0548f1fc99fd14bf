"""Passwords are slow to check on purpose, so only a few are checked at once: the process keeps its cores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from django.conf import settings


class Crowded(Exception):
    """As many passwords as may be are being checked; nothing was done."""


class Desk:
    """`place()` is held while a password is checked. Whoever finds none goes away: waiting would hold a thread."""

    def __init__(self) -> None:
        self._taken = 0
        self._lock = Lock()

    @contextmanager
    def place(self) -> Iterator[None]:
        """One of settings.SIGN_INS_AT_ONCE, inside the block; Crowded if all are taken."""
        with self._lock:
            if self._taken >= settings.SIGN_INS_AT_ONCE:
                raise Crowded
            self._taken += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken -= 1


HASHING = Desk()
