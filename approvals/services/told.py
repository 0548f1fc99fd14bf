"""What the channels report back: who was told, and who cannot be reached."""

from __future__ import annotations

import uuid
from datetime import datetime

from approvals.clockwork import escalate_now, somebody_is_told
from approvals.models import Gate, Person, Seat
from intents.services.lock import locked_intent
from intents.updates import PreparedUpdate


def mark_told(gate_id: uuid.UUID, person_id: uuid.UUID, at: datetime) -> None:
    """A message to this person about this gate was sent at `at`: the first of all, or of the current step, counts."""
    if not _TOLD(gate=gate_id, person=person_id, at=at):
        _ASKED(gate=gate_id, person=person_id, at=at)


_TOLD = PreparedUpdate(
    lambda gate, person, at: (
        Seat.objects.filter(gate=gate, person=person, told_at=None),
        {"told_at": at, "asked_at": at, "unreachable": False},
    )
)
_ASKED = PreparedUpdate(
    lambda gate, person, at: (Seat.objects.filter(gate=gate, person=person, asked_at=None), {"asked_at": at})
)


def unmark_told(gate_id: uuid.UUID, person_id: uuid.UUID) -> None:
    """The message came back: this person was not told after all."""
    Seat.objects.filter(gate_id=gate_id, person_id=person_id).update(told_at=None)


def mark_reachable(person_id: uuid.UUID) -> None:
    """A channel reaches this person again: they count as told from their next message on."""
    seats = Seat.objects.filter(person_id=person_id, unreachable=True)
    for gate_id in set(seats.filter(gate__closed_at=None).values_list("gate_id", flat=True)):
        seats.filter(gate_id=gate_id).update(unreachable=False, told_at=None)


def mark_unreachable(gate_id: uuid.UUID, person_id: uuid.UUID, why: str) -> None:
    """This person cannot be told: an event of the gate. With nobody else reachable it escalates now.

    Their right to decide stays.
    """
    gate = Gate.objects.filter(pk=gate_id).first()
    person = Person.objects.filter(pk=person_id).first()
    if gate is None or person is None:
        return
    with locked_intent(gate.intent_id) as locked:
        gate = Gate.objects.select_related("ask", "terms").get(pk=gate_id)
        gate.intent = locked.intent
        marked = Seat.objects.filter(gate=gate, person=person, unreachable=False).update(unreachable=True)
        if not gate.is_open or not marked:
            return
        details = {"gate_id": str(gate.pk), "person": person.email, "why": why[:500]}
        locked.record("intent.person_unreachable", "server", details)
        step = locked.current
        if step is not None and not somebody_is_told(gate):
            escalate_now(locked, step, gate)
