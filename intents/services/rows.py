"""Inserting rows on the busiest paths: one statement, whose text is made once and not anew for each request."""

from __future__ import annotations

from functools import cache

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Model

from intents.columns import Column
from intents.cursors import executed

AT_ONCE = 20  # more rows go in several statements


def insert(*rows: Model, unless_taken: bool = False) -> bool:
    """Insert these rows of one model; they get the keys that the database makes.

    False if nothing was inserted, which only happens with `unless_taken`: a unique key was in the way. Whoever is just
    taking that key is waited for.
    """
    if len(rows) > AT_ONCE:
        done = [insert(*rows[at : at + AT_ONCE], unless_taken=unless_taken) for at in range(0, len(rows), AT_ONCE)]
        return all(done)
    if not rows:
        return True
    text, columns = _statement(type(rows[0]), len(rows), unless_taken)
    here = connections[DEFAULT_DB_ALIAS]
    values = [column.value(row, here, add=True) for row in rows for column in columns]
    keys = executed(text, values, here).fetchall()
    for row, (key,) in zip(rows, keys, strict=False):
        row.pk = row.pk or key
        row._state.adding, row._state.db = False, here.alias
    return bool(keys)


@cache
def _statement(model: type[Model], count: int, unless_taken: bool) -> tuple[str, tuple[Column, ...]]:
    """The INSERT for so many rows, and the fields whose values it takes; the database makes automatic keys itself."""
    quote = connection.ops.quote_name
    key = model._meta.pk
    fields = tuple(field for field in model._meta.concrete_fields if field is not key or not key.db_returning)
    names = ", ".join(quote(str(field.column)) for field in fields)
    marks = ", ".join(["(" + ", ".join(["%s"] * len(fields)) + ")"] * count)
    conflict = " ON CONFLICT DO NOTHING" if unless_taken else ""
    table = quote(model._meta.db_table)
    text = f"INSERT INTO {table} ({names}) VALUES {marks}{conflict} RETURNING {quote(str(key.column))}"  # noqa: S608
    return text, tuple(Column(field, connection.vendor) for field in fields)
