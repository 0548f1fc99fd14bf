"""Taking back one's own answer while the gate is open."""

from __future__ import annotations

import uuid

from approvals.models import Person
from approvals.services.acting import acting_on, done
from approvals.services.decide import own_vote, take_back_own
from approvals.services.verdict import Verdict, refused


def take_back(gate_id: uuid.UUID, person: Person, *, via: str) -> Verdict:
    """Un-count this person's answer. Refused once it has its outcome or its time is over, or if they gave none."""
    with acting_on(gate_id) as act:
        over = act.over()
        if over is not None:
            return over
        own = own_vote(act.gate, person)
        if own is None:
            return refused(act.gate, "nothing_to_take_back", "You have no answer on this to take back.", 409)
        take_back_own(act.locked, act.gate, own, via)
    return done(act.gate, "taken_back", "Your answer no longer counts.")
