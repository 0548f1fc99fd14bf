"""Emptying the database after a test that committed: only the tables that it wrote, and nothing is made again."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import TransactionTestCase

from tests.guards import CLOSING, OPENING, guards_of, run

FILLED_ONCE = ("auth_permission", "django_content_type")
"""Of Django's own, filled by `migrate`: no test writes them, and to fill them again takes longer than most tests."""
NEVER_EMPTIED = "intents_workspaceentry"
"""The one table whose triggers let nobody delete."""


def empty_only_what_was_written(patch: pytest.MonkeyPatch) -> None:
    """In place of Django's flush, which empties all tables and fills its own again."""

    def emptied(case: Any) -> None:
        empty()

    patch.setattr(TransactionTestCase, "_fixture_teardown", emptied)


def empty() -> None:
    """No rows are left but Django's own; sequences go on."""
    full = written()
    away, back = guards_of(NEVER_EMPTIED) if NEVER_EMPTIED in full else ([], [])
    deleting = [f"DELETE FROM {table}" for table in full]
    with transaction.atomic():
        run(OPENING[connection.vendor], *away, *deleting, *back, CLOSING[connection.vendor])


def written() -> list[str]:
    """The tables that have rows."""
    with connection.cursor() as cursor:
        cursor.execute(_question())
        return [name for (name,) in cursor.fetchall()]


@cache
def _question() -> str:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    tables = sorted(set(names) - set(FILLED_ONCE))
    return " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables)
