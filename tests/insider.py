"""What somebody can do who owns the database and lacks the key: raw SQL, with the triggers out of the way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction

from intents.models import CheckpointCursor, Event, Intent, WorkspaceChain, WorkspaceEntry
from tests.guards import run, unguarded


def sql(statement: str, *values: Any) -> None:
    """One statement behind everybody's back."""
    with unguarded(), connection.cursor() as cursor:
        cursor.execute(statement, [plain(value) for value in values])


def plain(value: Any) -> Any:
    """As the database at hand writes it: SQLite has ids as 32 hex digits."""
    return value.hex if connection.vendor == "sqlite" and hasattr(value, "hex") else value


def drop_whole(intent: Intent) -> None:
    """Its rows in all tables, and what refers to those."""
    with unguarded(), transaction.atomic():
        _drop(Intent, [intent.pk])


def cut_off(intent: Intent, seq: int) -> None:
    """The events after `seq`, and the intent's row set back as if there had never been any."""
    last = Event.objects.get(intent=intent, seq=seq)
    with unguarded(), transaction.atomic():
        _drop(Event, list(Event.objects.filter(intent=intent, seq__gt=seq).values_list("pk", flat=True)))
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE intents_intent SET last_seq = %s, last_hash = %s, status = %s, wake_at = created_at "
                "WHERE id = %s",
                [last.seq, last.hash, last.status, plain(intent.pk)],
            )
            cursor.execute("UPDATE intents_intenttexts SET result = '' WHERE intent_id = %s", [plain(intent.pk)])


def cut_chain(workspace: Any, seq: int) -> None:
    """The workspace's entries after `seq`, and its chain's row and the mark set back as if there had never been any."""
    last = WorkspaceEntry.objects.get(workspace=workspace, seq=seq)
    sql("DELETE FROM intents_workspaceentry WHERE workspace_id = %s AND seq > %s", workspace.pk, seq)
    WorkspaceChain.objects.filter(pk=workspace.pk).update(last_seq=seq, last_hash=last.hash)
    CheckpointCursor.objects.update(through=0)


def copy_of_everything() -> dict[str, tuple[list[str], list[Any]]]:
    """All rows of all tables, as a backup has them."""
    copy = {}
    for table in _tables():
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table}")
            copy[table] = ([column[0] for column in cursor.description], cursor.fetchall())
    return copy


def restore(copy: dict[str, tuple[list[str], list[Any]]]) -> None:
    """The database is as it was when the copy was made."""
    with unguarded(), transaction.atomic(), connection.cursor() as cursor:
        for table in reversed(list(copy)):
            run(f"DELETE FROM {table}")
        for table, (columns, rows) in copy.items():
            names, places = ", ".join(f'"{name}"' for name in columns), ", ".join(["%s"] * len(columns))
            for row in rows:
                cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", row)


def _tables() -> list[str]:
    found = [model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    return [name for name in found if name.startswith(("intents_", "approvals_", "notifications_"))]


def _drop(model: type[models.Model], pks: Iterable[Any]) -> None:
    ids = list(pks)
    if not ids:
        return
    for relation in model._meta.related_objects:
        child = relation.related_model
        _drop(child, child._base_manager.filter(**{f"{relation.field.name}__in": ids}).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        places = ", ".join(["%s"] * len(ids))
        cursor.execute(
            f"DELETE FROM {model._meta.db_table} WHERE {model._meta.pk.column} IN ({places})", [plain(pk) for pk in ids]
        )
