"""Breaking glass: one person with that right lets a request pass alone, for a reason, and everybody concerned is told.

It is an answer like any other, recorded as one by `decide`'s own hand, and an event of its own besides.
"""

from __future__ import annotations

import uuid

from approvals.forms import with_approved
from approvals.models import Gate, Membership, Person
from approvals.outcomes import OutcomeClass
from approvals.report import summary
from approvals.selectors import may_decide
from approvals.services.acting import Acting, acting_on
from approvals.services.answer import Answer
from approvals.services.decide import (
    Manner,
    keep_refusal,
    not_as_shown,
    own_vote,
    record_decision,
    take_back_own,
    takes_none,
)
from approvals.services.gates import close_gate
from approvals.services.latecomers import keep_latecomers_out
from approvals.services.sureness import UNKNOWN, Sureness, too_weak
from approvals.services.verdict import Verdict, recorded, refused
from approvals.strength import LINK, Shown
from intents.lifecycle import StepStatus
from intents.ports import StepEnd
from intents.prepared import Prepared
from intents.services.advance import end_step

REASON = "break_glass"
MAY_BREAK = Prepared(
    lambda person, workspace: Membership.objects.filter(
        person=person, person__is_active=True, workspace=workspace, is_active=True, can_break_glass=True
    )[:1]
)


def break_glass(
    gate_id: uuid.UUID, person: Person, why: str, manner: Manner, *, digest: str = "", sureness: Sureness = UNKNOWN
) -> Verdict:
    """Close the gate yes, whoever else should have agreed. Four eyes hold: nobody does it for a request of their own.

    `digest` is of what was shown. It is as sure who does it as the policy wants of any yes; neither the form nor
    evidence is asked for.
    """
    words = why.strip()
    with acting_on(gate_id) as act:
        none = takes_none(act.locked, act.gate)
        refusal = none or _not_theirs(act, person, manner) or act.bad_text(words, "the reason")
        refusal = refusal or _too_weak(act, manner, sureness) or not_as_shown(act.gate, Answer("", digest=digest))
        if refusal is not None:
            return refusal
        own = own_vote(act.gate, person)
        if own is not None:
            take_back_own(act.locked, act.gate, own, manner.via)
        answer = _yes(act.gate, words)
        decision = record_decision(act.locked, act.gate, person, answer, manner)
        said = {"by": person.email, "name": person.name, "why": words, "via": manner.via, "digest": act.gate.digest}
        act.record("broke_glass", person.actor, said | {"title": act.gate.title, "outcome": answer.outcome})
        _close(act, answer.outcome, person)
    return recorded(act.gate, decision, summary(act.gate, decision))


def may_break_glass(gate: Gate, person: Person) -> bool:
    """True for an active member with the right to, unless they are bound up with the request."""
    return _has_the_right(gate, person) and person.ref not in gate.intent.excluded


def _has_the_right(gate: Gate, person: Person) -> bool:
    return bool(MAY_BREAK(person=person.pk, workspace=gate.workspace_id))


def _not_theirs(act: Acting, person: Person, manner: Manner) -> Verdict | None:
    """An attempt is kept in the history, like one to decide."""
    keep_latecomers_out(act.locked, act.gate.terms.body)
    bound = may_decide(act.gate, person) if person.ref in act.gate.intent.excluded else None
    if bound is None and _has_the_right(act.gate, person):
        return None
    code = bound.code if bound else "may_not_break_glass"
    message = bound.message if bound else "You do not have the right to break glass in this workspace."
    keep_refusal(act.locked, act.gate, person, code, manner.via)
    return refused(act.gate, code, message, 403)


def _too_weak(act: Acting, manner: Manner, sureness: Sureness) -> Verdict | None:
    """No link of a mail breaks glass, whatever else it may do."""
    if manner.strength == LINK:
        return refused(act.gate, "sign_in_needed", "Sign in first: no link of a mail breaks glass.", 422)
    fault = too_weak(act.gate, Shown(manner.strength, sureness.signed_in_at), act.now)
    return refused(act.gate, fault.code, fault.message, 422, fault.details) if fault else None


def _yes(gate: Gate, words: str) -> Answer:
    outcome = next(name for name, cls in gate.ask.outcomes if cls == OutcomeClass.YES)
    schema = gate.ask.form_schema
    return Answer(outcome, words, with_approved(schema, {}, True) if schema is not None else {})


def _close(act: Acting, outcome: str, person: Person) -> None:
    close_gate(act.locked, act.gate, outcome=outcome, outcome_class=OutcomeClass.YES, reason=REASON)
    step = act.gate.step = act.step
    end_step(act.locked, step, StepEnd(StepStatus.DONE, person.actor, None, REASON, outcome))
