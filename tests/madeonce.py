"""Rows that many tests begin with, for a fraction of what making them costs: made once, then laid down as they were."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.models import AutoField
from time_machine import escape_hatch

T = TypeVar("T")
Row = tuple[Any, ...]
Laying = tuple[str, list[Any]]


@dataclass(frozen=True)
class Made:
    """What lays the rows down, and what their maker returned, both as they were then."""

    statements: list[Laying]
    returned: bytes

    def again(self) -> Any:
        with transaction.atomic(), connection.cursor() as cursor:
            for statement, values in self.statements:
                cursor.execute(statement, values)
        return pickle.loads(self.returned)


_made: dict[Any, Made] = {}


def made_once(make: Callable[[], T]) -> T:
    """What `make` makes and returns, once in a process; from then on the same rows with the same ids and moments.

    While a test moves the clock it is made anew.
    """
    if escape_hatch.is_travelling():
        return make()
    key = make, settings.RECORD_KEY
    if key in _made:
        again: T = _made[key].again()
        return again
    before = {table: _rows(table, columns) for table, columns in _tables().items()}
    returned = make()
    layings = [_laying(table, columns, before[table]) for table, columns in _tables().items()]
    _made[key] = Made([laying for laying in layings if laying[1]], pickle.dumps(returned))
    return returned


def _tables() -> dict[str, list[str]]:
    """The columns of each table, but for numbers that the database gives: nothing refers to those."""
    models, quoted = apps.get_models(include_auto_created=True), connection.ops.quote_name
    return {
        quoted(model._meta.db_table): [
            quoted(field.column) for field in model._meta.concrete_fields if not isinstance(field, AutoField)
        ]
        for model in models
    }


def _rows(table: str, columns: list[str]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} FROM {table}")
        return [tuple(row) for row in cursor.fetchall()]


def _laying(table: str, columns: list[str], before: list[Row]) -> Laying:
    rows = [row for row in _rows(table, columns) if row not in before]
    one = f"({', '.join(['%s'] * len(columns))})"
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([one] * len(rows))}"
    return statement, [value for row in rows for value in row]
