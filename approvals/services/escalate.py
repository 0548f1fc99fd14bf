"""Escalating at once: the next step of the chain now, because somebody who may decide wants it told further."""

from __future__ import annotations

import uuid

from approvals.clockwork import escalate_now
from approvals.models import Person
from approvals.services.acting import acting_on, done
from approvals.services.verdict import Verdict, refused


def escalate(gate_id: uuid.UUID, person: Person, *, via: str) -> Verdict:
    """Take the chain's next step now, once for each. Whoever may decide may do it. It gives nobody a right."""
    with acting_on(gate_id) as act:
        refusal = act.not_a_decider(person)
        if refusal is not None:
            return refusal
        if not escalate_now(act.locked, act.step, act.gate, reason="asked", actor=person.actor):
            return refused(act.gate, "nobody_further", "The chain has no further step: everybody on it was told.", 409)
    return done(act.gate, "escalated", "The next ones of the chain are told now.")
