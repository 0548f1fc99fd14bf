"""Events as lines of an export: JSON Lines, or CSV that a spreadsheet may open."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from intents.models import Event

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that starts with one of these for a formula, or may (OWASP, CSV injection)."""
COLUMNS = (
    "workspace", "intent_id", "intent_type", "seq", "at", "event_type", "status", "waiting_reason", "actor",
    "pending_with", "details", "purged", "details_digest", "previous_hash", "hash",
)  # fmt: skip


def row_of(event: Event, workspace: str) -> dict[str, Any]:
    """All that the record holds of an event: enough to compute its hash again, with the key."""
    said = event.said()
    return {
        "workspace": workspace,
        "intent_id": str(event.intent_id),
        "intent_type": event.intent.intent_type,
        "seq": event.seq,
        "at": event.at.astimezone(UTC).isoformat(),
        "event_type": event.event_type,
        "status": event.status,
        "waiting_reason": event.waiting_reason or None,
        "actor": event.actor,
        "pending_with": said["pending_with"],
        "details": said["details"],
        "purged": not hasattr(event, "text"),
        "details_digest": event.details_digest,
        "previous_hash": event.previous_hash,
        "hash": event.hash,
    }


def json_line(row: Mapping[str, Any]) -> str:
    """ASCII only, so that nothing in it can end a line or move a terminal's cursor."""
    return json.dumps(row, separators=(",", ":")) + "\n"


def csv_line(row: Mapping[str, Any]) -> str:
    """Every cell quoted and guarded; values within values as JSON."""
    return _csv([guarded(_cell(row[name])) for name in COLUMNS])


def guarded(cell: str) -> str:
    """The cell with an apostrophe before it if a spreadsheet might compute it."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, separators=(",", ":"))


def _csv(cells: list[str]) -> str:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(cells)  # RFC 4180
    return line.getvalue()


LINES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {"jsonl": json_line, "csv": csv_line}
HEADS: Mapping[str, str] = {"jsonl": "", "csv": _csv(list(COLUMNS))}
