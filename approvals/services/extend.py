"""Extending a gate's deadline: only as its policy allows, for a reason, and never past a limit that was set before."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from approvals.clockwork import reschedule
from approvals.directory import people_named
from approvals.models import Gate, Person
from approvals.rules import LONGEST_GATE
from approvals.services.acting import Acting, acting_on, done
from approvals.services.verdict import Verdict, refused
from intents.clock import iso

LEAST = 60


def extend(gate_id: uuid.UUID, person: Person, seconds: int, why: str, *, via: str) -> Verdict:
    """Put the deadline `seconds` later. Refused as a whole if that passed the hard limit; the message names it."""
    words = why.strip()
    with acting_on(gate_id) as act:
        refusal = act.over() or _not_allowed(act, person) or act.bad_text(words, "the reason") or _too_far(act, seconds)
        if refusal is not None:
            return refusal
        before, act.gate.expires_at = act.gate.expires_at, act.gate.expires_at + timedelta(seconds=seconds)
        act.gate.save(update_fields=["expires_at"])
        reschedule(act.locked, act.step, act.gate)
        moments = {"from": iso(before), "to": iso(act.gate.expires_at)}
        said = {"by": person.email, "name": person.name, "why": words, "via": via}
        act.record("extended", person.actor, said | moments)
    until = act.gate.expires_at
    message = f"Answers are taken until {until:%H:%M} UTC on {until:%d %B %Y}; everybody concerned is told."
    return done(act.gate, "extended", message, deadline=iso(until))


def may_extend(gate: Gate, person: Person) -> bool:
    """True for those whom the policy lets extend: who is named in it, or may decide where it names nobody.

    Nobody who is bound up with the request.
    """
    allowed = rule_of(gate)
    if not allowed or person.ref in gate.intent.excluded:
        return False
    names = allowed.get("who") or [name for line in gate.terms.body["requirement"] for name in line["who"]]
    return person.pk in {one.pk for one in people_named(gate.workspace, names)}


def latest(gate: Gate) -> datetime:
    """The hard limit: what the policy adds to the first deadline, 29 days, and the intent's own deadline, which stays.

    The program was told that one when it sent the intent, and may rely on it.
    """
    terms = gate.terms.body
    most = min(terms["deadline"] + rule_of(gate).get("most", 0), LONGEST_GATE)
    return min(gate.opened_at + timedelta(seconds=most), gate.intent.deadline_at)


def rule_of(gate: Gate) -> dict[str, Any]:
    """{"who": names, "most": seconds}, or {} where the policy lets nobody extend."""
    return gate.terms.body.get("extend") or {}


def _not_allowed(act: Acting, person: Person) -> Verdict | None:
    if not rule_of(act.gate):
        return refused(act.gate, "not_extendable", "The policy lets nobody move this deadline.", 403)
    if not may_extend(act.gate, person):
        return refused(act.gate, "may_not_extend", "The policy does not name you among those who may extend.", 403)
    return None


def _too_far(act: Acting, seconds: int) -> Verdict | None:
    if seconds < LEAST:
        return refused(act.gate, "too_short", f"Extend by at least {LEAST} seconds.", 422)
    limit = latest(act.gate)
    left = int((limit - act.gate.expires_at).total_seconds())
    if seconds <= left:
        return None
    words = f"The latest that it can move to is {limit:%H:%M} UTC on {limit:%d %B %Y}: {max(left, 0)} seconds later."
    return refused(act.gate, "past_the_limit", words, 409, {"latest": iso(limit), "seconds": max(left, 0)})
