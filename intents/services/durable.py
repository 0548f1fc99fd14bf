"""One durable transaction. On SQLite the transactions of a process queue in arrival order, so no writer starves."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

from intents.errors import Busy

PATIENCE_SECONDS = 8.0
_LOCK_ERRORS = ("lock timeout", "statement timeout", "database is locked", "deadlock detected", "could not obtain lock")


class FifoLock:
    """A lock that is handed on in the order of arrival; `threading.Lock` makes no such promise."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._queue: deque[threading.Event] = deque()

    def acquire(self, timeout: float) -> bool:
        """True once it is ours, False after `timeout` seconds."""
        with self._guard:
            if not self._held:
                self._held = True
                return True
            turn = threading.Event()
            self._queue.append(turn)
        if turn.wait(timeout):
            return True
        with self._guard:
            if turn.is_set():
                return True
            self._queue.remove(turn)
            return False

    def release(self) -> None:
        """Hand it to the next in line."""
        with self._guard:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._held = False


_line = FifoLock()
_thread = threading.local()


@contextmanager
def _turn() -> Iterator[None]:
    if connection.vendor != "sqlite":
        yield
        return
    if not _line.acquire(_seconds_left()):
        raise Busy
    try:
        with _impatient():
            yield
    finally:
        _line.release()


@contextmanager
def durable() -> Iterator[None]:
    """A transaction that has committed when the block ends. Inside another `durable()` it joins that one.

    Busy if the row or the database stays locked; nothing has happened then.
    """
    if getattr(_thread, "inside", False):
        yield
        return
    try:
        with _turn(), transaction.atomic(durable=True):
            _thread.inside = True
            try:
                _limit_statements()
                yield
                _in_time()
            finally:
                _thread.inside = False
    except OperationalError as error:
        if any(text in str(error) for text in _LOCK_ERRORS):
            raise Busy from error
        raise


@contextmanager
def hurried(seconds: float) -> Iterator[None]:
    """Whoever waits for this thread waits no longer: what cannot commit within `seconds` is Busy, and did not happen.

    Only the commit itself may take longer.
    """
    _thread.until = time.monotonic() + seconds
    try:
        yield
    finally:
        _thread.until = None


def _seconds_left() -> float:
    until = getattr(_thread, "until", None)
    return PATIENCE_SECONDS if until is None else max(until - time.monotonic(), 0.001)


@contextmanager
def _impatient() -> Iterator[None]:
    """While hurried, SQLite does not wait longer for another process, either."""
    if getattr(_thread, "until", None) is None:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout")
        (before,) = cursor.fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {int(_seconds_left() * 1000) + 1}")
        try:
            yield
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {before}")


def _limit_statements() -> None:
    """No statement of a hurried transaction waits for longer than there is time."""
    if getattr(_thread, "until", None) is None or connection.vendor != "postgresql":
        return
    left = str(int(_seconds_left() * 1000) + 1)
    with connection.cursor() as cursor:
        for name in ("lock_timeout", "statement_timeout"):
            cursor.execute("SELECT set_config(%s, %s, true)", [name, left])


def _in_time() -> None:
    until = getattr(_thread, "until", None)
    if until is not None and time.monotonic() > until:
        raise Busy


@contextmanager
def undone() -> Iterator[None]:
    """A durable transaction in which everything works as ever and of which nothing stays: no row, no nudge, no log."""
    with durable(), transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)
