"""The database itself refuses a row that ties two workspaces together, whatever our queries do.

A row's home is the workspace that it names, or that of the first row that it refers to. Each other reference to a row
with a home has triggers. They are made from the models after each migration, so that no new table is forgotten; on
SQLite they go away before one, as it cannot rebuild a table that a trigger names. Rows may come before those that they
refer to, as with every foreign key: PostgreSQL looks when the transaction commits, SQLite when the later of them comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.models import ForeignKey, Model

from intents.models import Workspace

EXEMPT = ("intents_outbox",)
"""Written several times in each request, from one event alone."""
FUNCTION = """
    CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF {wrong} THEN
            RAISE EXCEPTION '{words}' USING ERRCODE = 'foreign_key_violation';
        END IF;
        RETURN NULL;
    END $$
"""
AT_COMMIT = """
    CREATE CONSTRAINT TRIGGER {name} AFTER {event} ON {table} DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION {name}()
"""
SQLITE = "CREATE TRIGGER {name} AFTER {event} ON {table} WHEN {wrong} BEGIN SELECT RAISE(ABORT, '{words}'); END"
EXISTING = {
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgname LIKE 'home_%'",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'home_%'",
}

Key = ForeignKey[Any, Any]


@dataclass(frozen=True)
class Fence:
    """A trigger that refuses what is wrong after an event in a table."""

    name: str
    table: str
    event: str
    wrong: str

    def statements(self, vendor: str) -> list[str]:
        """What makes it."""
        shapes = [FUNCTION, AT_COMMIT] if vendor == "postgresql" else [SQLITE]
        return [shape.format(**vars(self), words=f"another workspace: {self.table} is refused") for shape in shapes]


def home_key(model: type[Model]) -> Key | None:
    """The reference that says in whose workspace a row is: the one to it, or the first to a row with a home."""
    keys = _keys(model)
    named = [key for key in keys if key.related_model is Workspace]
    ways = named or [key for key in keys if key.related_model is not model and home_key(key.related_model)]
    return next(iter(ways), None)


def bonds() -> Iterator[tuple[Key, Key]]:
    """Every reference to a row with a home, beside the one that gives its own row a home."""
    for model in apps.get_models(include_auto_created=True):
        home = home_key(model)
        if home is not None and model._meta.managed and model._meta.db_table not in EXEMPT:
            yield from ((key, home) for key in _keys(model) if key is not home and home_key(key.related_model))


def fences(vendor: str) -> Iterator[Fence]:
    """Those of each bond, and one for each table on the way to a home: nothing that others refer to moves away."""
    passed: set[Key] = set()
    for key, home in bonds():
        yield from _of_row(key, home)
        if vendor == "sqlite":
            yield _of_parent(key, home)
        passed |= {*_way(key)[1:], *_way(home)[1:]}
    for key in passed:
        table = key.model._meta.db_table
        yield Fence(f"home_m_{table}", table, f"UPDATE OF {key.column}", f"NEW.{key.column} <> OLD.{key.column}")


def _of_row(key: Key, home: Key) -> Iterator[Fence]:
    table = key.model._meta.db_table
    for letter, event in ("i", "INSERT"), ("u", f"UPDATE OF {key.column}, {home.column}"):
        yield Fence(f"home_{letter}_{table}_{key.column}", table, event, f"{_home(key, 'NEW')} <> {_home(home, 'NEW')}")


def _of_parent(key: Key, home: Key) -> Fence:
    table, parent = key.model._meta.db_table, key.related_model._meta
    wrong = f"child.{key.column} = NEW.{parent.pk.column} AND {_home(key, 'child')} <> {_home(home, 'child')}"
    return Fence(
        f"home_p_{table}_{key.column}",
        parent.db_table,
        "INSERT",
        f"EXISTS (SELECT 1 FROM {table} AS child WHERE {wrong})",  # noqa: S608
    )


def raise_fences(using: str, **_: Any) -> None:
    """Make the triggers that are missing, where their tables are there already."""
    connection = connections[using]
    tables = connection.introspection.table_names()
    with connection.cursor() as cursor:
        cursor.execute(EXISTING[connection.vendor])
        existing = {name for (name,) in cursor.fetchall()}
        for fence in fences(connection.vendor):
            if fence.name not in existing and fence.table in tables:
                for statement in fence.statements(connection.vendor):
                    cursor.execute(statement)


def lower_fences(using: str, plan: list[Any], **_: Any) -> None:
    """SQLite: take the triggers away when there is something to migrate."""
    if connections[using].vendor != "sqlite" or not plan:
        return
    with connections[using].cursor() as cursor:
        cursor.execute(EXISTING["sqlite"])
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {name}")


def _keys(model: type[Model]) -> list[Key]:
    return [field for field in model._meta.concrete_fields if isinstance(field, ForeignKey)]


def _way(key: Key) -> list[Key]:
    """From this reference to the workspace, both ends included."""
    onward = None if key.related_model is Workspace else home_key(key.related_model)
    return [key, *_way(onward)] if onward else [key]


def _home(key: Key, row: str) -> str:
    """SQL for the workspace to which this reference of the row leads."""
    found = f"{row}.{key.column}"
    for onward in _way(key)[1:]:
        table, primary = onward.model._meta.db_table, onward.model._meta.pk.column
        found = f"(SELECT {onward.column} FROM {table} WHERE {primary} = {found})"  # noqa: S608
    return found
