"""The workspace's entries as the wire and the admin show them."""

from __future__ import annotations

from typing import Any

from intents.clock import iso
from intents.models import WorkspaceEntry
from intents.services.changes import details_of_entry
from intents.wire.shapes import MAP, TEXT, TIME, WHOLE, named, obj

ENTRY = named(
    "WorkspaceEntry",
    obj(seq=WHOLE, action=TEXT, actor=TEXT, at=TIME, details=MAP, previous_hash=TEXT, hash=TEXT),
)


def entry_json(entry: WorkspaceEntry) -> dict[str, Any]:
    """One entry. Of the intents that a checkpoint or an archive names only their number is shown."""
    details = details_of_entry(entry)
    if isinstance(details.get("intents"), list):
        details["intents"] = len(details["intents"])
    return {
        "seq": entry.seq,
        "action": entry.change,
        "actor": entry.actor,
        "at": iso(entry.at),
        "details": details,
        "previous_hash": entry.previous_hash,
        "hash": entry.hash,
    }
