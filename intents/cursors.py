"""Executing on the busiest paths: with one cursor for each connection, as making one costs as much as a statement."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

_KEPT = "countersign_cursor"


def executed(text: str, values: list[Any], here: BaseDatabaseWrapper) -> CursorWrapper:
    """The cursor with the answer. Read all of it before anything else is executed."""
    cursor = here.__dict__.get(_KEPT)
    if cursor is None or cursor.cursor.connection is not here.connection or here.queries_logged:
        cursor = here.cursor()
        here.__dict__[_KEPT] = None if here.queries_logged else cursor
    cursor.execute(text, values)
    return cursor
