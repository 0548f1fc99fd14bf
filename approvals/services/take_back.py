"""Taking back one's own answer while the gate is open."""

from __future__ import annotations

import uuid

from approvals.models import Gate, Person
from approvals.services.decide import own_vote, take_back_own
from approvals.services.verdict import Verdict, refused, too_late
from intents.errors import NotFound
from intents.services.lock import locked_intent


def take_back(gate_id: uuid.UUID, person: Person, *, via: str) -> Verdict:
    """Un-count this person's answer. Refused once the gate has its outcome, or if they gave none."""
    gate = Gate.objects.filter(pk=gate_id).first()
    if gate is None:
        raise NotFound("There is no such gate.")
    with locked_intent(gate.intent_id) as locked:
        gate = Gate.objects.select_related("ask", "terms").get(pk=gate_id)
        gate.intent = locked.intent
        if not gate.is_open:
            return too_late(gate)
        own = own_vote(gate, person)
        if own is None:
            return refused(gate, "nothing_to_take_back", "You have no answer on this to take back.", 409)
        take_back_own(locked, gate, own, via)
    return Verdict(True, "taken_back", "Your answer no longer counts.", gate)
