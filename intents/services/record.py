"""Writing history: each event's hash is keyed and covers the one before it (HMAC-SHA-256, key outside the database)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from intents.digest import canonical, chain_hash, digest_of_bytes
from intents.models import Event, EventText, Intent, Outbox
from intents.services.rows import insert


@dataclass(frozen=True)
class NewEvent:
    """An event and its text, not yet written."""

    row: Event
    body: str


def new_event(intent: Intent, event_type: str, actor: str, at: datetime, details: dict[str, Any]) -> NewEvent:
    """The next event of the intent's chain; `intent.last_seq` and `last_hash` move on."""
    body = canonical({"details": details, "pending_with": intent.pending_with})
    row = Event(
        intent=intent,
        seq=intent.last_seq + 1,
        event_type=event_type,
        status=intent.status,
        at=at,
        actor=actor[:255],
        waiting_reason=intent.waiting_reason,
        details_digest=digest_of_bytes(body),
        previous_hash=intent.last_hash,
    )
    row.hash = hash_of(row, str(intent.workspace_id))
    intent.last_seq, intent.last_hash = row.seq, row.hash
    return NewEvent(row, body.decode())


def hash_of(row: Event, workspace_id: str) -> str:
    """The keyed hash that this row must carry."""
    return chain_hash(
        settings.RECORD_KEY,
        "event",
        workspace_id,
        str(row.intent_id),
        row.seq,
        row.event_type,
        row.status,
        row.at.astimezone(UTC).isoformat(),
        row.actor,
        row.waiting_reason,
        row.details_digest,
        row.previous_hash,
    )


def write(intent: Intent, events: list[NewEvent]) -> None:
    """Insert the events, their texts and their outbox rows: three statements however many there are."""
    if not events:
        return
    insert(*(event.row for event in events))
    insert(*(EventText(event=event.row, body=event.body) for event in events))
    insert(*(Outbox(event=event.row, intent=intent, not_before=event.row.at) for event in events))


def details_of(event: Event) -> dict[str, Any]:
    """The event's details, or what a purge left of them."""
    details: dict[str, Any] = event.said()["details"]
    return details
