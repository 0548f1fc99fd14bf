"""Updating rows on the busiest paths: one statement, whose text is made once and not anew for each request."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.db.models import Model, QuerySet
from django.db.models.sql import UpdateQuery

from intents.columns import Column
from intents.cursors import executed
from intents.prepared import Sql, with_places


def update(row: Model, *names: str) -> None:
    """Write these fields of a row that is there. DatabaseError if it is not."""
    if not update_if(row, *names):
        raise DatabaseError(f"{type(row).__name__} {row.pk} is not there to be updated.")


def update_if(row: Model, *names: str, **still: Any) -> bool:
    """Write these fields if the row is there, and those others are `still` so in the database; never None."""
    text, columns = _statement(type(row), names, tuple(still))
    here = connections[DEFAULT_DB_ALIAS]
    values = [column.value(row, here, add=False) for column in columns]
    return bool(executed(text, [*values, *still.values()], here).rowcount)


class PreparedUpdate:
    """`make` is called once, as that of `Prepared`, and says which rows are meant and what becomes of their fields."""

    def __init__(self, make: Callable[..., tuple[QuerySet[Any], dict[str, Any]]]) -> None:
        self._make = make

    def __call__(self, **values: Any) -> int:
        """How many rows it changed."""
        here = connections[DEFAULT_DB_ALIAS]
        return int(executed(self._sql.sql, self._sql.params(values, here), here).rowcount)

    @cached_property
    def _sql(self) -> Sql:
        rows, changes = with_places(self._make)
        query: UpdateQuery = rows.query.chain(UpdateQuery)  # type: ignore[assignment]
        query.add_update_values(changes)
        return Sql(*query.get_compiler(DEFAULT_DB_ALIAS).as_sql())


@cache
def _statement(model: type[Model], names: tuple[str, ...], still: tuple[str, ...]) -> tuple[str, tuple[Column, ...]]:
    """The UPDATE by the primary key, and the fields whose values it takes, the key last; then those of `still`."""
    quote = connection.ops.quote_name
    key = model._meta.pk
    fields = [field for field in model._meta.concrete_fields if field.name in names]
    changes = ", ".join(f"{quote(str(field.column))} = %s" for field in fields)
    columns = {field.name: str(field.column) for field in model._meta.concrete_fields}
    fence = [str(key.column), *(columns[name] for name in still)]
    where = " AND ".join(f"{quote(column)} = %s" for column in fence)
    text = f"UPDATE {quote(model._meta.db_table)} SET {changes} WHERE {where}"  # noqa: S608
    return text, tuple(Column(field, connection.vendor) for field in (*fields, key))
