"""Recording changes of the configuration: what its rows said before and after, in words that people can read."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.db import models, transaction

from intents.services.changes import record_change

FIRST_START = "first start"
SERVER = "server"
HIDDEN = frozenset({"password", "last_login"})  # what is secret beyond these is not editable, and so not told either

Rows = Callable[[], Iterable[models.Model]]


@dataclass(frozen=True)
class Said:
    """What one row said at one moment, and in whose chains that belongs."""

    kind: str
    id: str
    name: str
    facts: dict[str, Any]
    workspaces: frozenset[uuid.UUID]


Snapshot = dict[tuple[str, str], Said]


@contextmanager
def recorded(actor: str, *rows: Rows, verb: str = "changed") -> Iterator[None]:
    """One transaction: the block, then an entry for each of these rows that was made, changed or deleted in it.

    `rows` are asked before and after. An entry goes to every workspace that the row concerns.
    """
    with transaction.atomic():
        before = snapshot(*rows)
        yield
        record_differences(actor, before, snapshot(*rows), verb)


def snapshot(*rows: Rows) -> Snapshot:
    """What these rows say now."""
    said = [said_by(row) for query in rows for row in query()]
    return {(one.kind, one.id): one for one in said}


def record_differences(actor: str, before: Snapshot, after: Snapshot, verb: str = "changed") -> None:
    """The entries for what differs, workspace by workspace in the order of their ids. Write nothing after it."""
    entries = [
        (workspace, key, change, details)
        for key in before.keys() | after.keys()
        for change, details in _difference(before.get(key), after.get(key), verb)
        for workspace in _concerned(before.get(key), after.get(key))
    ]
    for workspace, _, change, details in sorted(entries, key=lambda entry: entry[:2]):
        record_change(workspace, change, actor, details)


def said_by(row: models.Model) -> Said:
    """What a row says. A model may add facts (`recorded_facts`) and say whom it concerns (`recorded_in`)."""
    facts = {field.name: _plain(row, field) for field in row._meta.concrete_fields if _is_told(field)}
    for many in row._meta.many_to_many:
        facts[many.name] = sorted(str(other) for other in getattr(row, many.name).all())
    facts |= row.recorded_facts() if hasattr(row, "recorded_facts") else {}
    concerned = row.recorded_in() if hasattr(row, "recorded_in") else [row.workspace_id]  # type: ignore[attr-defined]
    return Said(kind_of(type(row)), str(row.pk), str(row), facts, frozenset(concerned))


def kind_of(model: type[models.Model]) -> str:
    """The first part of a change's name: `team`, `service_account`, `key`."""
    return str(getattr(model, "recorded_as", model._meta.verbose_name)).replace(" ", "_")


def _difference(before: Said | None, after: Said | None, verb: str) -> Iterator[tuple[str, dict[str, Any]]]:
    row = after or before
    if row is None or (before and after and before.facts == after.facts):
        return
    old, new = before.facts if before else None, after.facts if after else None
    if old is not None and new is not None:
        changed = [name for name in new if new[name] != old.get(name)]
        old, new = {name: old.get(name) for name in changed}, {name: new[name] for name in changed}
    change = verb if before and after else "created" if after else "deleted"
    yield f"{row.kind}.{change}", {"id": row.id, "name": row.name, "before": old, "after": new}


def _concerned(before: Said | None, after: Said | None) -> set[uuid.UUID]:
    return {workspace for row in (before, after) if row for workspace in row.workspaces}


def _is_told(field: models.Field[Any, Any]) -> bool:
    return field.editable and not field.primary_key and field.name not in HIDDEN


def _plain(row: models.Model, field: models.Field[Any, Any]) -> Any:
    """The value as JSON has it; rows by their own words."""
    value = getattr(row, field.name)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, models.Model | uuid.UUID | date) else value
