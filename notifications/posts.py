"""Posts of a request to places where several people read it: which events are posted, and where to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from approvals.models import Gate
from approvals.progress import progress_of
from approvals.terms import chain_of, places_in
from intents.models import Event
from notifications.audience import CHANGES
from notifications.models import SLACK, Delivery, DeliveryStatus, Purpose
from notifications.slack.rooms import UNKNOWN, rooms_named

POSTED: Mapping[str, Purpose] = {
    "intent.human_task_assigned": Purpose.REQUEST,
    "intent.asked": Purpose.REQUEST,
    **dict.fromkeys(CHANGES, Purpose.REQUEST),
    "intent.reminder": Purpose.REMINDER,
    "intent.escalated": Purpose.ESCALATION,
    "intent.gate_warning": Purpose.WARNING,
}
"""What is posted. Whom somebody hands it to, or who comes on call, is a matter of people."""


def posts(event: Event, gate: Gate | None, details: Mapping[str, Any], now: datetime) -> Iterator[Delivery]:
    """A delivery for each place that the gate's terms name; one that is unknown is given up at once, visibly."""
    purpose = POSTED.get(event.event_type)
    if purpose is None or gate is None or not gate.is_open or details.get("held_until"):
        return
    names = places_in(gate.terms.body, _step(gate, details))
    rooms = rooms_named(event.intent.workspace_id, names)
    for name in names:
        room = rooms.get(name)
        post = _post(event, gate, purpose, room.address if room else name, now)
        if room is None:
            post.status, post.why, post.settled_at = DeliveryStatus.DEAD, UNKNOWN, now
        yield post


def _step(gate: Gate, details: Mapping[str, Any]) -> int | None:
    """How far the chain had come; None if it has gone through all of its steps."""
    chain = chain_of(gate.terms.body)
    here = chain.place(max(progress_of(gate.progress, gate.opened_at).place, 0))
    number, turn = details.get("step", here.step), details.get("round", here.round)
    return None if turn else int(number)


def _post(event: Event, gate: Gate, purpose: Purpose, address: str, now: datetime) -> Delivery:
    return Delivery(
        workspace_id=event.intent.workspace_id,
        intent_id=event.intent_id,
        event=event,
        gate_id=gate.pk,
        channel=SLACK,
        address=address,
        purpose=purpose,
        not_before=now,
        created_at=now,
    )
