"""Past what guards the history: as the archive will go, which emptying needs, and as the database's owner can."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

OPENING = {
    "postgresql": "SELECT set_config('countersign.archiving', pg_current_xact_id()::text, true)",
    "sqlite": "INSERT INTO intents_archiving (id) VALUES (1)",
}
CLOSING = {
    "postgresql": "SELECT set_config('countersign.archiving', '', true)",
    "sqlite": "DELETE FROM intents_archiving",
}
TABLES = (
    "intents_intent",
    "intents_event",
    "intents_eventtext",
    "intents_workspaceentry",
    "intents_receipt",
    "intents_redemption",
)


@contextmanager
def archiving() -> Iterator[None]:
    """A transaction, or a part of one, in which events may be deleted."""
    with transaction.atomic():
        run(OPENING[connection.vendor])
        yield
        run(CLOSING[connection.vendor])


@contextmanager
def unguarded() -> Iterator[None]:
    """The triggers are away, as whoever owns the database can have it, and back at the end."""
    back = disarm()
    yield
    run(*back)


def disarm() -> list[str]:
    """Takes the triggers away; the statements that bring them back."""
    if connection.vendor == "postgresql":
        run(*postgresql("DISABLE"))
        return postgresql("ENABLE")
    pairs = [guards_of(table) for table in TABLES]
    run(*(statement for away, _ in pairs for statement in away))
    return [statement for _, back in pairs for statement in back]


def guards_of(table: str) -> tuple[list[str], list[str]]:
    """The statements that take a table's triggers away, and those that bring them back."""
    if connection.vendor == "postgresql":
        return [f"ALTER TABLE {table} DISABLE TRIGGER USER"], [f"ALTER TABLE {table} ENABLE TRIGGER USER"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
        triggers = cursor.fetchall()
    return [f"DROP TRIGGER {name}" for name, _ in triggers], [sql for _, sql in triggers]


def postgresql(verb: str) -> list[str]:
    """A table can only be altered when no deferred checks of its rows are left to do."""
    alter = [f"ALTER TABLE {table} {verb} TRIGGER USER" for table in TABLES]
    return ["SET CONSTRAINTS ALL IMMEDIATE", *alter, "SET CONSTRAINTS ALL DEFERRED"]


def run(*statements: str) -> None:
    """One after the other."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
