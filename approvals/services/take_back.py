"""Taking back one's own answer while the gate is open."""

from __future__ import annotations

import uuid

from approvals.models import Person
from approvals.services.acting import acting_on, done
from approvals.services.decide import own_vote, take_back_own
from approvals.services.verdict import Verdict, refused, too_late


def take_back(gate_id: uuid.UUID, person: Person, *, via: str) -> Verdict:
    """Un-count this person's answer. Refused once the gate has its outcome, or if they gave none."""
    with acting_on(gate_id) as act:
        if not act.gate.is_open:
            return too_late(act.gate)
        own = own_vote(act.gate, person)
        if own is None:
            return refused(act.gate, "nothing_to_take_back", "You have no answer on this to take back.", 409)
        take_back_own(act.locked, act.gate, own, via)
    return done(act.gate, "taken_back", "Your answer no longer counts.")
