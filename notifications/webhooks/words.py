"""What is sent: the wire's event object with the id of the webhook event, in canonical form. Equal on every attempt."""

from __future__ import annotations

import json
from typing import Any

from intents.clock import iso
from intents.digest import canonical
from intents.models import Event
from intents.wire.present import event_json
from notifications.models import WebhookEvent

OURS = "countersign"
"""The source of what happens here; what programs publish names another."""


class Purged(Exception):
    """What happened is still known, what was said is not."""


def body_of(event: WebhookEvent) -> bytes:
    """The body of every delivery of this event. Purged if its text was taken out of the history."""
    own = {"event_id": str(event.pk), "event_type": event.event_type, "source": event.source}
    if event.payload:
        said = {"at": iso(event.created_at), "actor": event.actor, "payload": json.loads(event.payload)}
        return canonical(own | said)
    return canonical(_of_history(event) | own)


def _of_history(event: WebhookEvent) -> dict[str, Any]:
    row = Event.objects.select_related("text").filter(pk=event.event_id or 0).first()
    if row is None or getattr(row, "text", None) is None:
        raise Purged("The words of this event were purged from the history.")
    return event_json(row)
