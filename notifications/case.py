"""Everything that a message is made of, read when it is sent: what it says is true now, not when it was queued."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from approvals.models import Gate, Person
from intents.models import Intent
from intents.services.record import details_of
from notifications.models import Delivery
from notifications.zones import zone_of


@dataclass(frozen=True)
class Case:
    """A delivery with the rows around it. `gate` is None where the message is about no gate; `zone` is the reader's."""

    delivery: Delivery
    intent: Intent
    gate: Gate | None
    person: Person | None
    details: dict[str, Any]
    now: datetime
    zone: tzinfo = UTC


def read_case(delivery: Delivery, now: datetime) -> Case:
    """The case of a delivery, as of now."""
    intent = Intent.objects.select_related("workspace", "texts", "sender__service_account").get(pk=delivery.intent_id)
    gates = Gate.objects.select_related("terms", "ask", "intent__workspace", "workspace")
    return Case(
        delivery=delivery,
        intent=intent,
        gate=gates.filter(pk=delivery.gate_id).first() if delivery.gate_id else None,
        person=Person.objects.filter(pk=delivery.person_id).first(),
        details=details_of(delivery.event),
        now=now,
        zone=zone_of(delivery.person_id),
    )
