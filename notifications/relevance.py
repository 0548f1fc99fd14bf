"""Whether a queued message is still worth sending, asked just before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from approvals.away import away_at
from approvals.models import Gate, Person
from approvals.selectors import is_eligible, may_decide
from approvals.services.decide import own_vote
from approvals.undertakings import live_claims
from intents.ids import parse_id
from intents.prepared import answer
from notifications.asked import GONE, newer_ask, was_asked
from notifications.case import Case
from notifications.flood import held_in
from notifications.models import ASKS, Delivery, Purpose
from notifications.recipients import PESTERING, is_member, still_asked

OF_A_STEP = (Purpose.REQUEST, Purpose.REMINDER, Purpose.ESCALATION)


def superseded_by(case: Case) -> str:
    """Why nobody needs this message any more, in words; "" while somebody does."""
    if case.delivery.is_post:
        return _post_is_stale(case)
    person = case.person
    if person is None or not (_is_asked(case, person) or is_member(case.intent, person)):
        return "This person is no longer a member of the workspace."
    if case.delivery.purpose in ASKS:
        return _ask_is_stale(case)
    is_needless, why = NEEDLESS.get(case.delivery.purpose, (lambda _: False, ""))
    return why if is_needless(case) else ""


def _is_asked(case: Case, person: Person) -> bool:
    """True if they may decide what they are asked, as members alone may."""
    return case.asks_about is not None and is_eligible(case.asks_about, person)


def _post_is_stale(case: Case) -> str:
    """Nobody in particular reads it: it is needed while anybody is still asked."""
    if case.delivery.purpose == Purpose.DIGEST:
        return "" if held_in(case.delivery).exists() else "Another digest has said it."
    gate = case.gate
    if settled := _is_over(gate, case.now):
        return settled
    if gate is not None and case.delivery.purpose in PESTERING and not still_asked(gate, case.now):
        return "Nobody is asked any more who could be reminded."
    return "A newer message asks for the same." if _asked_anew(case) else ""


def _is_over(gate: Gate | None, now: datetime) -> str:
    """Why nobody is asked any more; "" while somebody is."""
    if gate is None or not gate.is_open or gate.expires_at <= now:
        return "The gate is settled."
    return "It waits for changes by whoever asked." if gate.held_at is not None else ""


def _ask_is_stale(case: Case) -> str:
    gate, person = case.gate, case.person
    if settled := _is_over(gate, case.now):
        return settled
    if gate is None or person is None:
        return "The gate is settled."
    if own_vote(gate, person) is not None:
        return "This person has answered."
    if case.delivery.purpose in OF_A_STEP and is_looking(gate, person, case.now):
        return "This person is looking at it."
    refusal = may_decide(gate, person)
    if refusal is not None:
        return f"This person may no longer decide: {refusal.message}"
    if person.pk in away_at(gate.workspace_id, case.now):
        return "This person is away."
    return "A newer message asks for the same." if _asked_anew(case) else ""


def _is_settled(case: Case) -> bool:
    return case.gate is None or not case.gate.is_open


def is_looking(gate: Gate, person: Person, now: datetime) -> bool:
    """True if they have claimed it: then they know of it."""
    return any(claim.person_id == person.pk for claim in live_claims(gate, now))


def _still_asked(case: Case) -> bool:
    """True while an answer would be taken."""
    gate, question = case.gate, parse_id(str(case.details.get("question_id")))
    return gate is not None and gate.is_open and gate.questions.filter(pk__in=[question], answered_at=None).exists()


def _asked_anew(case: Case) -> bool:
    return bool(answer(newer_ask(case.delivery)))


def _newer(case: Case, purposes: list[str]) -> bool:
    """True if a later event of this intent queued or sent a message of these purposes to the same address."""
    mine = case.delivery
    rows = Delivery.objects.filter(intent_id=mine.intent_id, channel=mine.channel, address=mine.address)
    if mine.purpose == Purpose.INFORM:
        rows = rows.filter(gate_id=mine.gate_id)
    return rows.filter(purpose__in=purposes, event_id__gt=mine.event_id).exclude(status__in=GONE).exists()


def _was_never_asked(case: Case) -> bool:
    return not (case.gate and case.person and was_asked(case.gate, case.person))


def _did_it_themselves(case: Case) -> bool:
    return case.person is not None and case.delivery.event.actor == case.person.actor


def _waits_no_more(case: Case) -> bool:
    return case.gate is None or not case.gate.is_open or case.gate.held_at is None


def _stands_elsewhere(case: Case) -> bool:
    return (case.gate is not None and not case.gate.is_open) or _newer(case, [Purpose.WAITING])


NEEDLESS: Mapping[str, tuple[Callable[[Case], bool], str]] = {
    Purpose.CLOSED: (_was_never_asked, "This person was never asked."),
    Purpose.QUESTION: (lambda case: not _still_asked(case), "Nobody needs an answer any more."),
    Purpose.EXTENSION: (
        lambda case: _is_settled(case) or _newer(case, [Purpose.EXTENSION]),
        "Another deadline counts, or none any more.",
    ),
    Purpose.CHANGED: (_did_it_themselves, "This person did it."),
    Purpose.WANTED: (_waits_no_more, "It does not wait for changes any more."),
    Purpose.DIGEST: (lambda case: not held_in(case.delivery).exists(), "Another digest has said it."),
    Purpose.INFORM: (lambda case: _newer(case, [Purpose.INFORM]), "A newer message says what became of it."),
    Purpose.WAITING: (_stands_elsewhere, "It does not wait for this any more."),
    Purpose.OUTCOME: (lambda case: _newer(case, [Purpose.OUTCOME]), "A newer message tells the outcome."),
}
"""By purpose: when a message of it is needless, and why."""
