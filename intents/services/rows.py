"""Inserting rows on the busiest paths: one statement, whose text is made once and not anew for each request."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model

_Fields = tuple["Field[Any, Any]", ...]


def insert(*rows: Model, unless_taken: bool = False) -> bool:
    """Insert these rows of one model, a few at most; they get the keys that the database makes.

    False if nothing was inserted, which only happens with `unless_taken`: a unique key was in the way. Whoever is just
    taking that key is waited for.
    """
    if not rows:
        return True
    text, fields = _statement(type(rows[0]), len(rows), unless_taken)
    with connection.cursor() as cursor:
        cursor.execute(text, _values(rows, fields))
        made = cursor.fetchall()
    for row, (key,) in zip(rows, made, strict=False):
        row.pk = row.pk or key
        row._state.adding, row._state.db = False, connection.alias
    return bool(made)


def _values(rows: Sequence[Model], fields: _Fields) -> list[Any]:
    return [
        field.get_db_prep_save(field.pre_save(row, add=True), connection=connection) for row in rows for field in fields
    ]


@cache
def _statement(model: type[Model], count: int, unless_taken: bool) -> tuple[str, _Fields]:
    """The INSERT for so many rows, and the fields whose values it takes; the database makes automatic keys itself."""
    quote = connection.ops.quote_name
    key = model._meta.pk
    fields = tuple(field for field in model._meta.concrete_fields if field is not key or not key.db_returning)
    names = ", ".join(quote(str(field.column)) for field in fields)
    marks = ", ".join(["(" + ", ".join(["%s"] * len(fields)) + ")"] * count)
    conflict = " ON CONFLICT DO NOTHING" if unless_taken else ""
    table = quote(model._meta.db_table)
    text = f"INSERT INTO {table} ({names}) VALUES {marks}{conflict} RETURNING {quote(str(key.column))}"  # noqa: S608
    return text, fields
