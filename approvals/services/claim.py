"""Claiming: "I am looking at it". Shown to all, blocks nobody, and once puts the next escalation off a little."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from approvals.clockwork import put_off
from approvals.models import Claim, Person
from approvals.services.acting import Acting, acting_on, done, nothing_to_do
from approvals.services.verdict import Verdict, refused
from intents.clock import iso

CLAIMED_FOR = timedelta(minutes=15)
MOST = 20  # of one person on one gate


def claim(gate_id: uuid.UUID, person: Person, *, via: str) -> Verdict:
    """Show for 15 minutes that this person looks at it. The chain's next step waits as much longer, once for each step.

    It never outlives the deadline.
    """
    with acting_on(gate_id) as act:
        refusal = act.not_a_decider(person)
        if refusal is not None:
            return refusal
        mine = act.gate.claims.filter(person=person)
        if mine.filter(released_at=None, until__gt=act.now).exists():
            return nothing_to_do(act.gate, "already_claimed", "You have claimed this already.")
        if mine.count() >= MOST:
            return refused(act.gate, "too_many_claims", f"You have claimed this {MOST} times; decide now.", 409)
        until = _claim(act, person, via)
    return done(act.gate, "claimed", f"Everybody sees until {until:%H:%M} UTC that you are looking at it.")


def release(gate_id: uuid.UUID, person: Person, *, via: str) -> Verdict:
    """Take one's claim away before it runs out. What it has put off stays put off."""
    with acting_on(gate_id) as act:
        over = act.over()
        if over is not None:
            return over
        if not act.gate.claims.filter(person=person, released_at=None, until__gt=act.now).update(released_at=act.now):
            return refused(act.gate, "nothing_to_release", "You have no claim on this.", 409)
        act.record("claim_released", person.actor, {"by": person.email, "name": person.name, "via": via})
    return done(act.gate, "released", "Nobody is shown as looking at it for you any more.")


def _claim(act: Acting, person: Person, via: str) -> datetime:
    until = min(act.now + CLAIMED_FOR, act.gate.expires_at)
    put_off(act.locked, act.step, act.gate, int(CLAIMED_FOR.total_seconds()))
    Claim.objects.create(gate=act.gate, person=person, at=act.now, until=until)
    said = {"by": person.email, "name": person.name, "until": iso(until), "via": via}
    act.record("claimed", person.actor, said)
    return until
