"""One time for all processes: the database's. The process clock plus an offset that each tick measures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

from django.db import connection

_offset = timedelta(0)
_staged: ContextVar[datetime | None] = ContextVar("staged", default=None)


def now() -> datetime:
    """The database's time, in UTC, without asking it. Inside `staged_at` the moment that was set."""
    return _staged.get() or datetime.now(UTC) + _offset


@contextmanager
def staged_at(moment: datetime) -> Iterator[None]:
    """Within the block it is `moment`, for this thread alone. Only rehearsals do this, and undo all that they did."""
    token = _staged.set(moment)
    try:
        yield
    finally:
        _staged.reset(token)


def measure() -> timedelta:
    """Ask the database for its time and keep the difference. SQLite lives in this process and has none."""
    global _offset  # noqa: PLW0603 - one process has one clock
    if connection.vendor != "postgresql":
        return _offset
    before = datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    after = datetime.now(UTC)
    if row and after - before < timedelta(seconds=1):
        _offset = row[0] - (before + (after - before) / 2)
    return _offset


def iso(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds, as the wire writes moments."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
