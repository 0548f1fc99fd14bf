"""Reading an archive file back: do its chains fit, and is it the file that the workspace's chain names?"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.exceptions import FieldError

from intents.digest import digest_of_bytes
from intents.models import Event, EventText, Intent, WorkspaceEntry
from intents.services.archive import FORMAT
from intents.services.changes import details_of_entry, hash_of_entry
from intents.services.record import hash_of
from intents.services.verify import BROKEN, FORGED, MISSING, OTHER_END, REWORDED

UNREADABLE = (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, IndexError, FieldError, RecursionError)
GARBLED = "it cannot be read"
NOT_RECORDED = "no entry of its workspace's chain names it: it was never finished (then its intents are still in the "
NOT_RECORDED += "database), or the entry is gone"
FORGED_ENTRY = "the entry that names it does not fit its own hash"
OTHER_BYTES = "it is not the file whose SHA-256 was recorded"
OTHER_INTENTS = "the intents in it are not those that were recorded"


class ArchiveMisfit(Exception):
    """The first place of an archive file that is not as it was written."""


@dataclass(frozen=True)
class Checked:
    """How much of a file was read, and all of it fits."""

    intents: int
    events: int


def check_archive(path: Path) -> Checked:
    """Reads the whole file. ArchiveMisfit names the first place: a line, an intent, an event; or the file itself."""
    lines = _lines(path)
    workspace_id = _workspace(next(lines)[1])
    found = [_checked(whole, number, workspace_id) for number, whole in lines]
    _check_entry(path, UUID(workspace_id), [head for head, _ in found])
    return Checked(len(found), sum(events for _, events in found))


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    number = 0
    try:
        with gzip.open(path, "rb") as packed:
            for number, line in enumerate(packed, start=1):
                yield number, json.loads(line)
    except UNREADABLE as error:
        raise ArchiveMisfit(f"line {number + 1}: {GARBLED}.") from error
    if number == 0:
        raise ArchiveMisfit(f"line 1: {GARBLED}.")


def _workspace(head: dict[str, Any]) -> str:
    try:
        if head["format"] == FORMAT:
            return str(UUID(head["workspace_id"]))
    except UNREADABLE as error:
        raise ArchiveMisfit(f"line 1: {GARBLED}.") from error
    raise ArchiveMisfit(f"line 1: {GARBLED}.")


def _checked(whole: dict[str, Any], number: int, workspace_id: str) -> tuple[list[Any], int]:
    """The intent's head, and how many events it has."""
    try:
        return _walked(whole, number, workspace_id)
    except UNREADABLE as error:
        raise ArchiveMisfit(f"line {number}: {GARBLED}.") from error


def _walked(whole: dict[str, Any], number: int, workspace_id: str) -> tuple[list[Any], int]:
    tables = whole["tables"]
    own = tables[Intent._meta.db_table][0]
    texts = {row["event_id"]: row["body"] for row in tables.get(EventText._meta.db_table, [])}
    previous, expected = "", 0
    for row in sorted(tables[Event._meta.db_table], key=lambda row: int(row["seq"])):
        expected += 1
        event = Event(**{**row, "at": datetime.fromisoformat(row["at"])})
        if why := _fault(event, expected, previous, texts.get(event.pk), workspace_id):
            raise ArchiveMisfit(f"line {number} intent {whole['intent']} event {expected}: {why}.")
        previous = event.hash
    if [own["id"], own["last_seq"], own["last_hash"]] != [whole["intent"], expected, previous]:
        raise ArchiveMisfit(f"line {number} intent {whole['intent']} event {expected}: {OTHER_END}.")
    return [own["id"], expected, previous], expected


def _fault(event: Event, expected: int, previous: str, text: str | None, workspace_id: str) -> str:
    if event.seq != expected:
        return MISSING
    if event.hash != hash_of(event, workspace_id):
        return FORGED
    if event.previous_hash != previous:
        return BROKEN
    reworded = text is not None and digest_of_bytes(text.encode()) != event.details_digest
    return REWORDED if reworded else ""


def _check_entry(path: Path, workspace_id: UUID, heads: list[list[Any]]) -> None:
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    entries = WorkspaceEntry.objects.filter(workspace_id=workspace_id, change="history.archived")
    entry = entries.filter(body__contains=digest).first()
    if entry is None:
        renamed = not entries.filter(body__contains=json.dumps(path.name)).exists()
        raise ArchiveMisfit(f"the file: {NOT_RECORDED if renamed else OTHER_BYTES}.")
    if entry.hash != hash_of_entry(entry) or entry.body_digest != digest_of_bytes(entry.body.encode()):
        raise ArchiveMisfit(f"the file: {FORGED_ENTRY}.")
    if details_of_entry(entry)["intents"] != heads:
        raise ArchiveMisfit(f"the file: {OTHER_INTENTS}.")
