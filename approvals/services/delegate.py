"""Delegating on one gate: somebody else who may decide anyway is asked instead of me. No new right comes of it."""

from __future__ import annotations

import uuid

from approvals.away import running
from approvals.delegating import Hands
from approvals.directory import member
from approvals.models import Delegation, Gate, Person
from approvals.selectors import Refusal
from approvals.services.acting import Acting, acting_on, done, nothing_to_do
from approvals.services.handing_back import hand_back
from approvals.services.verdict import Verdict, refused


def delegate(gate_id: uuid.UUID, person: Person, to: str, *, via: str) -> Verdict:
    """`to` (an address or an id) is asked instead of this person until they take it back, or answer themselves.

    One hop: who is asked instead of somebody hands nothing on, and who has delegated is nobody's delegate.
    """
    with acting_on(gate_id) as act:
        refusal = act.not_a_decider(person)
        if refusal is not None:
            return refusal
        other, hands = member(act.gate.workspace, to), Hands.read(act.gate, person, act.now)
        if other is None:
            return refused(act.gate, "no_such_person", "The delegate is no member of this workspace.", 422)
        if hands.own is not None and hands.own.to_id == other.pk:
            return nothing_to_do(act.gate, "already_delegated", f"{other.name} is asked instead of you already.")
        why = hands.hindrance() or hands.unfit(other)
        if why is not None:
            return _no(act.gate, why)
        if hands.own is not None:
            hand_back(act.locked, act.gate, hands.own, via=via)
        _begin(act, person, other, via)
    return done(act.gate, "delegated", f"{other.name} is asked instead of you, until you take it back or answer.")


def undelegate(gate_id: uuid.UUID, person: Person, *, via: str) -> Verdict:
    """This person is asked themselves again."""
    with acting_on(gate_id) as act:
        over = act.over()
        if over is not None:
            return over
        own = running(act.gate).filter(person=person, absence=None).select_related("person", "to").first()
        if own is None:
            return refused(act.gate, "nothing_delegated", "You have delegated this to nobody.", 409)
        hand_back(act.locked, act.gate, own, via=via)
    return done(act.gate, "undelegated", "You are asked yourself again.")


def _begin(act: Acting, person: Person, other: Person, via: str) -> None:
    Delegation.objects.create(gate=act.gate, person=person, to=other, at=act.now)
    said = {"title": act.gate.title, "from": person.email, "to": other.email, "why": "asked", "via": via}
    act.record("delegated", person.actor, said | {"name": person.name, "told": [other.email]})


def _no(gate: Gate, why: Refusal) -> Verdict:
    return refused(gate, why.code, why.message, 409)
