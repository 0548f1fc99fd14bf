"""All rows, to see that nothing changed."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connection

FREE = ("intents_apikey", "last_used_at")
"""When a key was used is noted for refused requests as well."""


def rows() -> dict[str, list[Any]]:
    """Everything that the database holds, table by table in the order of the keys, but for what is free."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            columns = [f'"{field.column}"' for field in model._meta.concrete_fields if (table, field.column) != FREE]
            cursor.execute(f'SELECT {", ".join(columns)} FROM {table} ORDER BY "{model._meta.pk.column}"')
            found[table] = [tuple(row) for row in cursor.fetchall()]
    return found
