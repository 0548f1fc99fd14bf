"""Whether a queued message is still worth sending, asked just before it is sent."""

from __future__ import annotations

from approvals.away import absences_at
from approvals.models import Decision
from approvals.selectors import may_decide
from intents.ids import parse_id
from notifications.asked import was_asked
from notifications.case import Case
from notifications.flood import held_in
from notifications.models import ASKS, Delivery, DeliveryStatus, Purpose
from notifications.recipients import members

GONE = (DeliveryStatus.DEAD, DeliveryStatus.SUPERSEDED, DeliveryStatus.HELD)


def superseded_by(case: Case) -> str:
    """Why nobody needs this message any more, in words; "" while somebody does."""
    person = case.person
    if person is None or not members(case.intent).filter(pk=person.pk).exists():
        return "This person is no longer a member of the workspace."
    if case.delivery.purpose in ASKS:
        return _ask_is_stale(case)
    if case.delivery.purpose == Purpose.CLOSED and not (case.gate and was_asked(case.gate, person)):
        return "This person was never asked."
    if case.delivery.purpose == Purpose.QUESTION and not _still_asked(case):
        return "Nobody needs an answer any more."
    if case.delivery.purpose == Purpose.DIGEST and not held_in(case.delivery).exists():
        return "Another digest has said it."
    if case.delivery.purpose == Purpose.OUTCOME and _newer(case, [Purpose.OUTCOME]):
        return "A newer message tells the outcome."
    return ""


def _ask_is_stale(case: Case) -> str:
    gate, person = case.gate, case.person
    if gate is None or person is None or not gate.is_open or gate.expires_at <= case.now:
        return "The gate is settled."
    if Decision.objects.filter(gate=gate, person=person, taken_back_at__isnull=True).exists():
        return "This person has answered."
    refusal = may_decide(gate, person)
    if refusal is not None:
        return f"This person may no longer decide: {refusal.message}"
    if absences_at(gate.workspace_id, case.now).filter(person=person).exists():
        return "This person is away."
    return "A newer message asks for the same." if _newer(case, list(ASKS)) else ""


def _still_asked(case: Case) -> bool:
    """True while an answer would be taken."""
    gate, question = case.gate, parse_id(str(case.details.get("question_id")))
    return gate is not None and gate.is_open and gate.questions.filter(pk__in=[question], answered_at=None).exists()


def _newer(case: Case, purposes: list[str]) -> bool:
    """True if a later event of this intent queued or sent a message of these purposes to the same address."""
    mine = case.delivery
    rows = Delivery.objects.filter(intent_id=mine.intent_id, channel=mine.channel, address=mine.address)
    if mine.purpose in ASKS:
        rows = rows.filter(gate_id=mine.gate_id)
    return rows.filter(purpose__in=purposes, event_id__gt=mine.event_id).exclude(status__in=GONE).exists()
