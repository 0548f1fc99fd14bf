"""Updating rows on the busiest paths: one statement, whose text is made once and not anew for each request."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.db.models import Field, Model

_Fields = tuple["Field[Any, Any]", ...]


def update(row: Model, *names: str) -> None:
    """Write these fields of a row that is there. DatabaseError if it is not."""
    text, fields = _statement(type(row), names)
    here = connections[DEFAULT_DB_ALIAS]
    values = [field.get_db_prep_save(field.pre_save(row, add=False), connection=here) for field in fields]
    with here.cursor() as cursor:
        cursor.execute(text, values)
        if not cursor.rowcount:
            raise DatabaseError(f"{type(row).__name__} {row.pk} is not there to be updated.")


@cache
def _statement(model: type[Model], names: tuple[str, ...]) -> tuple[str, _Fields]:
    """The UPDATE by the primary key, and the fields whose values it takes, the key last."""
    quote = connection.ops.quote_name
    key = model._meta.pk
    fields = [field for field in model._meta.concrete_fields if field.name in names]
    changes = ", ".join(f"{quote(str(field.column))} = %s" for field in fields)
    text = f"UPDATE {quote(model._meta.db_table)} SET {changes} WHERE {quote(str(key.column))} = %s"  # noqa: S608
    return text, (*fields, key)
