"""Who was asked by mail about a gate: they get its closing note, unless they decided themselves."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from approvals.models import Gate, Person
from intents.ids import parse_id
from intents.prepared import Prepared, Question
from notifications.models import ASKS, EMAIL, Delivery, DeliveryStatus

GONE = (DeliveryStatus.DEAD, DeliveryStatus.SUPERSEDED, DeliveryStatus.HELD)
_NEWER_ASK = Prepared(
    lambda intent, gate, channel, address, event: (
        Delivery.objects.filter(intent=intent, gate_id=gate, channel=channel, address=address)
        .filter(purpose__in=ASKS, event_id__gt=event)
        .exclude(status__in=GONE)[:1]
    )
)


def people_asked(gate: Gate, members: QuerySet[Person]) -> QuerySet[Person]:
    """Those members whom a mail reached, or may be reaching now. Neither the requester nor who decided."""
    status = (DeliveryStatus.SENT, DeliveryStatus.SENDING)
    asked = _mails(gate).filter(status__in=status).values("person_id")
    decided = gate.decisions.filter(taken_back_at=None).values("person_id")
    people = members.filter(pk__in=asked).exclude(pk__in=decided).order_by("joined_at", "email")
    requester = parse_id(gate.intent.requester)
    return people.exclude(pk=requester) if requester else people


def was_asked(gate: Gate, person: Person) -> bool:
    """True if a mail that asks this person about this gate was sent."""
    return _mails(gate).filter(person_id=person.pk, status=DeliveryStatus.SENT).exists()


def known_from(gate: Gate, person: Person, now: datetime) -> datetime:
    """When `was_asked` is final for a closed gate: at once, or when the worker that holds a mail must have settled."""
    if was_asked(gate, person):
        return now
    held = _mails(gate).filter(person_id=person.pk, status=DeliveryStatus.SENDING)
    return max([now, *(lease for lease in held.values_list("lease_until", flat=True) if lease)])


def newer_ask(delivery: Delivery) -> Question:
    """Whether a later event of its intent asks for the same at the same address."""
    same = {"intent": delivery.intent_id, "gate": delivery.gate_id, "event": delivery.event_id}
    return _NEWER_ASK.question(**same, channel=delivery.channel, address=delivery.address)


def _mails(gate: Gate) -> QuerySet[Delivery]:
    """By the intent too, which has an index."""
    return Delivery.objects.filter(intent_id=gate.intent_id, gate_id=gate.pk, channel=EMAIL, purpose__in=ASKS)
