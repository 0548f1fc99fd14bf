"""Updating rows on the busiest paths: one statement, whose text is made once and not anew for each request."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.db.models import Field, Model

_Fields = tuple["Field[Any, Any]", ...]


def update(row: Model, *names: str) -> None:
    """Write these fields of a row that is there. DatabaseError if it is not."""
    if not update_if(row, *names):
        raise DatabaseError(f"{type(row).__name__} {row.pk} is not there to be updated.")


def update_if(row: Model, *names: str, **still: Any) -> bool:
    """Write these fields if the row is there, and those others are `still` so in the database; never None."""
    text, fields = _statement(type(row), names, tuple(still))
    here = connections[DEFAULT_DB_ALIAS]
    values = [field.get_db_prep_save(field.pre_save(row, add=False), connection=here) for field in fields]
    with here.cursor() as cursor:
        cursor.execute(text, [*values, *still.values()])
        return bool(cursor.rowcount)


@cache
def _statement(model: type[Model], names: tuple[str, ...], still: tuple[str, ...]) -> tuple[str, _Fields]:
    """The UPDATE by the primary key, and the fields whose values it takes, the key last; then those of `still`."""
    quote = connection.ops.quote_name
    key = model._meta.pk
    fields = [field for field in model._meta.concrete_fields if field.name in names]
    changes = ", ".join(f"{quote(str(field.column))} = %s" for field in fields)
    columns = {field.name: str(field.column) for field in model._meta.concrete_fields}
    fence = [str(key.column), *(columns[name] for name in still)]
    where = " AND ".join(f"{quote(column)} = %s" for column in fence)
    return f"UPDATE {quote(model._meta.db_table)} SET {changes} WHERE {where}", (*fields, key)  # noqa: S608
