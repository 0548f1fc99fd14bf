"""Archiving closed intents, chain included: first they are in a file, on the disk; only then are they deleted.

The deletion and the entry that names the file and its digest are one transaction. Killed at any instant, an intent is
in the database or in a recorded file. Only this module may tell the triggers that it archives (migration 0002).
"""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import file_digest
from io import BufferedRandom
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection

from intents import clock
from intents.family import family
from intents.models import Intent, Workspace
from intents.services.changes import record_change
from intents.services.durable import durable
from intents.services.purge import settled
from intents.wholefile import written_whole

FORMAT = "countersign-archive/1"
MOST = 1000  # intents in a file, and in the entry that names it
READ_AT_ONCE = 20  # intents

OPENING = {
    "postgresql": "SELECT set_config('countersign.archiving', pg_current_xact_id()::text, true)",
    "sqlite": "INSERT INTO intents_archiving (id) VALUES (1)",
}
CLOSING = {
    "postgresql": "SELECT set_config('countersign.archiving', '', true)",
    "sqlite": "DELETE FROM intents_archiving",
}


class Moved(Exception):
    """Something was written about one of the intents meanwhile: nothing was deleted."""


@dataclass
class Batch:
    """What a file holds: each intent's last event, and how many rows of each table."""

    heads: list[list[Any]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    digest: str = ""


def archive(workspace: Workspace, intent_ids: Sequence[UUID], folder: Path, actor: str) -> Path:
    """Move these closed intents of the workspace, at most 1,000, into a new file there; its path.

    Moved, and no file is left, if anything about one of them changed or is still under way.
    """
    if not 1 <= len(intent_ids) <= MOST:
        raise ValueError(f"An archive file holds 1 to {MOST} intents.")
    name = f"{workspace.org}-{workspace.name}-{clock.now():%Y%m%dT%H%M%S}-{intent_ids[0].hex[-12:]}.jsonl.gz"
    path = folder / name
    with written_whole(path) as file:
        batch = _write(workspace, intent_ids, file)
    try:
        _delete(workspace, intent_ids, batch, name, actor)
    except Moved:
        path.unlink()
        raise
    return path


def _write(workspace: Workspace, intent_ids: Sequence[UUID], file: BufferedRandom) -> Batch:
    batch = Batch()
    head = {"format": FORMAT, "workspace": str(workspace), "workspace_id": workspace.pk, "intents": len(intent_ids)}
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        packed.write(_line(head))
        for whole in _wholes(intent_ids):
            own = whole["tables"][Intent._meta.db_table][0]
            batch.heads.append([str(own["id"]), own["last_seq"], own["last_hash"]])
            batch.counts.update({name: len(rows) for name, rows in whole["tables"].items()})
            packed.write(_line(whole))
    file.seek(0)
    batch.digest = file_digest(file, "sha256").hexdigest()
    return batch


def _wholes(intent_ids: Sequence[UUID]) -> Iterator[dict[str, Any]]:
    """Each intent with all its rows, by table, parents first."""
    for start in range(0, len(intent_ids), READ_AT_ONCE):
        some = intent_ids[start : start + READ_AT_ONCE]
        found: dict[UUID, dict[str, list[Any]]] = {pk: defaultdict(list) for pk in some}
        for table in family():
            for row in table.values(some):
                found[row.pop("of")][table.name].append(row)
        for pk, tables in found.items():
            if not tables:
                raise Moved
            yield {"intent": pk, "tables": tables}


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), default=_plain).encode() + b"\n"


def _plain(value: Any) -> str:
    """Moments keep their microseconds: the hashes cover them."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _delete(workspace: Workspace, intent_ids: Sequence[UUID], batch: Batch, name: str, actor: str) -> None:
    """All rows that the file holds, no more and no fewer. Of several intents at once: they are closed, and a lock
    that somebody else holds is not waited for, so nobody waits in a circle.
    """
    details = {"file": name, "sha256": batch.digest, "intents": batch.heads}
    with durable():
        rows = Intent.objects.select_for_update(skip_locked=True).filter(workspace=workspace, pk__in=intent_ids)
        heads = {str(pk): [str(pk), seq, last] for pk, seq, last in rows.values_list("pk", "last_seq", "last_hash")}
        if [heads.get(pk) for pk, _, _ in batch.heads] != batch.heads or settled(intent_ids) != set(intent_ids):
            raise Moved
        _tell(OPENING)
        for table in reversed(family()):
            if table.rows(intent_ids)._raw_delete("default") != batch.counts[table.name]:
                raise Moved
        _tell(CLOSING)
        record_change(workspace.pk, "history.archived", actor, details)


def _tell(statements: dict[str, str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statements[connection.vendor])
