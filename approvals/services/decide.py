"""`decide`: the one way in which a decision comes to be, whatever the channel.

Forms are checked before the lock; then, under it: the gate is open and not expired, the person may decide now, the
outcome is offered, what is needed is there, and what they were shown is what stands. Then the decision, its event,
and perhaps the gate's end happen in one transaction.
"""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass

from approvals import selectors
from approvals.away import addresses_of, given_and_taken
from approvals.failures import BY_HAND, by_hand
from approvals.models import Decision, DecisionText, Gate, Person
from approvals.outcomes import OutcomeClass
from approvals.report import summary
from approvals.services.answer import Answer, Fault, prepare
from approvals.services.gates import close_gate
from approvals.services.handing_back import hand_back
from approvals.services.hold import HELD, hold, is_amendable, release
from approvals.services.seats import reseat
from approvals.services.sureness import UNKNOWN, Sureness, not_sure_enough
from approvals.services.verdict import Verdict, already, recorded, refused, too_late
from intents.digest import digest_of
from intents.errors import NotFound
from intents.lifecycle import Status, StepStatus
from intents.models import Event
from intents.ports import StepEnd
from intents.prepared import Prepared
from intents.services.advance import end_step
from intents.services.lock import Locked, locked_intent
from intents.services.outcome import keep_result
from intents.services.rows import insert
from intents.stepgraph import FAILED
from intents.updates import update

CHANGED = "The payload was changed since it was sent: look at it, and name its digest with your answer."
_GATE = Prepared(lambda gate: Gate.objects.select_related("ask", "terms").filter(pk=gate))
OWN = Prepared(
    lambda gate, person: Decision.objects.select_related("person", "text").filter(
        gate=gate, person=person, taken_back_at=None
    )
)
MOST_REFUSALS = 3  # of one person on one intent
REFUSAL_STATUS = {"not_eligible": 403, "four_eyes": 403, "rules_changed": 403, "agreed_before": 403}


@dataclass(frozen=True)
class Manner:
    """How an answer came: by which channel, how sure it is who gave it, and whether the view was full."""

    via: str
    strength: str
    full_view: bool | None


def decide(
    gate_id: uuid.UUID,
    answer: Answer,
    person: Person,
    *,
    via: str,
    strength: str,
    full_view: bool | None = None,
    sureness: Sureness = UNKNOWN,
) -> Verdict:
    """Record this person's answer, or say why not. Never raises for a refusal; NotFound for an unknown gate.

    A refusal for who they are is itself an event. The same answer again is not an error. Another answer by the
    same person replaces their first one while the gate is open. `full_view`: whether they were shown everything, if
    the server drew what they saw. `sureness`: since when they are signed in, and whether they were asked once more.
    """
    gate = Gate.objects.select_related("ask").filter(pk=gate_id).first()
    if gate is None:
        raise NotFound("There is no such gate.")
    return decide_on(gate, answer, person, via=via, strength=strength, full_view=full_view, sureness=sureness)


def decide_on(
    seen: Gate,
    answer: Answer,
    person: Person,
    *,
    via: str,
    strength: str,
    full_view: bool | None = None,
    sureness: Sureness = UNKNOWN,
) -> Verdict:
    """As `decide`, on a gate that was read before. Only what never changes of it is used: it is read again."""
    read, fault = prepare(seen.ask, answer)
    with locked_intent(seen.intent_id) as locked:
        gate = next(iter(_GATE(gate=seen.pk)))
        gate.intent = locked.intent
        if gate.is_open:
            reseat(locked, gate)
        own = own_vote(gate, person)
        fault = not_sure_enough(gate, read.outcome, strength, sureness, locked.now) or fault
        refusal = _refusal(locked, gate, person, own, read, fault=fault, via=via)
        if refusal is not None:
            if refusal.code == "already_recorded":  # votes may count again that did not when they were given
                _close_if_settled(locked, gate, person)
            return refusal
        if own is not None:
            take_back_own(locked, gate, own, via)
        decision = record_decision(locked, gate, person, read, Manner(via, strength, full_view))
        _close_if_settled(locked, gate, person)
    return recorded(gate, decision, _message(gate, decision))


def _refusal(
    locked: Locked, gate: Gate, person: Person, own: Decision | None, answer: Answer, *, fault: Fault | None, via: str
) -> Verdict | None:
    """The first reason not to take the answer, in the order in which a person can do something about it."""
    if own is not None and own.outcome == answer.outcome and (not gate.is_open or _says_the_same(own, answer)):
        return already(gate, own)
    who = selectors.may_decide(gate, person)
    if who is not None:
        if gate.is_open:
            keep_refusal(locked, gate, person, who.code, via)
        return refused(gate, who.code, who.message, REFUSAL_STATUS[who.code])
    over = takes_none(locked, gate)
    if over is not None:
        return over
    if fault is not None:
        return refused(gate, fault.code, fault.message, 422, fault.details)
    return not_as_shown(gate, answer)


def takes_none(locked: Locked, gate: Gate) -> Verdict | None:
    """Nobody's answer is taken: it is settled, too late, or held."""
    if not gate.is_open:
        return too_late(gate)
    if locked.now >= gate.expires_at:
        return refused(gate, "expired", f"The time for this ran out at {gate.expires_at:%H:%M} UTC.", 409)
    if gate.held_at is not None:
        return refused(gate, "held_for_changes", HELD, 409)
    return None


def not_as_shown(gate: Gate, answer: Answer) -> Verdict | None:
    """What they were shown is not what stands; or it has changed, and nobody knows what they were shown."""
    if answer.digest and answer.digest != gate.digest:
        return refused(gate, "digest_stale", "What you were shown has changed since. Look again, then decide.", 409)
    if gate.digest_required and not answer.digest:
        return refused(gate, "digest_required", CHANGED, 409)
    return None


def keep_refusal(locked: Locked, gate: Gate, person: Person, code: str, via: str) -> None:
    """That somebody tried what is not theirs to do is an event, up to MOST_REFUSALS times."""
    if _refused_before(gate, person) < MOST_REFUSALS:
        details = {"gate_id": str(gate.pk), "by": person.email, "code": code, "via": via}
        locked.record("intent.decision_refused", person.actor, details)


def _refused_before(gate: Gate, person: Person) -> int:
    """How often the history says so already: an attempt is evidence, a hundred of them are a nuisance."""
    rows = Event.objects.filter(intent_id=gate.intent_id, event_type="intent.decision_refused")
    return rows.filter(actor=f"person:{person.email}").count()


def _says_the_same(own: Decision, answer: Answer) -> bool:
    """Other values in the form are another answer: "you already answered" would drop a correction."""
    return dict(own.text.fields) == dict(answer.fields) and list(own.text.evidence) == list(answer.evidence)


def record_decision(locked: Locked, gate: Gate, person: Person, answer: Answer, manner: Manner) -> Decision:
    """The one place in which a decision comes to be: for `decide`, and for whoever may break glass.

    Whoever had delegated it answers themselves: that ends the delegation.
    """
    given, taken = given_and_taken(gate, person)
    decision = Decision(
        gate=gate,
        person=person,
        outcome=answer.outcome,
        outcome_class=dict(gate.ask.outcomes)[answer.outcome],
        digest=gate.digest,
        via=manner.via,
        strength=manner.strength,
        full_view=manner.full_view,
        at=locked.now,
        stood_in_for=addresses_of(taken),
    )
    decision.text = DecisionText(comment=answer.comment, fields=dict(answer.fields), evidence=list(answer.evidence))
    insert(decision)
    insert(decision.text)
    details = {"gate_id": str(gate.pk), "by": person.email, "name": person.name, "outcome": answer.outcome}
    said = digest_of({"comment": answer.comment, "fields": dict(answer.fields), "evidence": list(answer.evidence)})
    shown = {"comment": answer.comment, "digest": gate.digest, "answer_digest": said} | asdict(manner)
    shown |= {"for": decision.stood_in_for} if decision.stood_in_for else {}
    locked.record("intent.decision_recorded", f"person:{person.email}", details | shown)
    if given is not None and given.absence_id is None:
        hand_back(locked, gate, given, via=manner.via)
    return decision


def own_vote(gate: Gate, person: Person) -> Decision | None:
    """The person's own answer that stands, if they gave one."""
    return OWN.first(gate=gate.pk, person=person.pk)


def take_back_own(locked: Locked, gate: Gate, own: Decision, via: str) -> None:
    """Un-count this answer. Whoever had sent it back lets go of the gate by that."""
    own.taken_back_at = locked.now
    update(own, "taken_back_at")
    details = {"gate_id": str(gate.pk), "by": own.person.email, "outcome": own.outcome, "via": via}
    locked.record("intent.decision_taken_back", f"person:{own.person.email}", details)
    if gate.held_at is not None and own.outcome_class == OutcomeClass.BACK:
        release(locked, gate)


def _close_if_settled(locked: Locked, gate: Gate, person: Person) -> None:
    if takes_none(locked, gate) is not None:
        return
    votes = selectors.standing_votes(gate)
    result = selectors.tally_of(gate, selectors.eligible_seats(gate), votes).result
    if result is None:
        return
    if result == OutcomeClass.BACK and is_amendable(locked):
        hold(locked, gate, person)
        return
    outcome = _deciding_outcome(votes, result)
    close_gate(locked, gate, outcome=outcome, outcome_class=result, reason="decided")
    step = next(row for row in locked.steps if row.pk == gate.step_id)
    gate.step = step
    if FAILED in step.spec and outcome == BY_HAND:
        deciding = next(vote for vote in reversed(votes) if vote.outcome == outcome)
        keep_result(locked, step, by_hand(deciding.text.fields, person.email), person.actor)
    end_step(locked, step, _step_end(result, outcome, f"person:{person.email}"))


def _deciding_outcome(votes: list[Decision], result: OutcomeClass) -> str:
    """The outcome of the vote that settled it: the last one of the winning class."""
    return next((vote.outcome for vote in reversed(votes) if vote.outcome_class == result), "")


def _step_end(result: OutcomeClass, outcome: str, actor: str) -> StepEnd:
    if result == OutcomeClass.YES:
        return StepEnd(StepStatus.DONE, actor, None, "decided", outcome)
    final = Status.FAILED if outcome == "failed" else Status.CANCELED
    return StepEnd(StepStatus.CANCELED, actor, final, "decided", outcome)


def _message(gate: Gate, decision: Decision) -> str:
    if gate.is_open:
        missing = "; ".join(
            f"{line.have} of {line.need} from {', '.join(line.who)}" for line in selectors.progress(gate)
        )
        return f"Your answer is recorded. Still waiting: so far {missing}."
    return summary(gate, decision)
