"""What became of a delivery, in words."""

from __future__ import annotations

from notifications.models import Delivery, DeliveryStatus, WebhookDelivery

VERBS = {DeliveryStatus.SENT: "Sent", DeliveryStatus.DEAD: "Given up", DeliveryStatus.HELD: "Held"}


def in_words(row: Delivery | WebhookDelivery) -> str:
    """`Sent at 14:02 UTC`, `Waits for attempt 3 until 14:05 UTC: 451 try later`."""
    why = f": {row.why}" if row.why else ""
    if row.status == DeliveryStatus.QUEUED:
        return f"Waits for attempt {row.attempt + 1} until {row.not_before:%d %b %H:%M:%S} UTC{why}"
    if row.status == DeliveryStatus.SENDING:
        return f"Attempt {row.attempt} is running"
    settled = f" on {row.settled_at:%d %b at %H:%M:%S} UTC" if row.settled_at else ""
    return f"{VERBS.get(DeliveryStatus(row.status), 'Not needed')}{settled}{why}"
