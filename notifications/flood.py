"""Too many messages: beyond the limits they are held, and one digest names the flood (rows of `Delivery`, no lists).

A person gets at most MESSAGES_PER_HOUR from one sender on each channel, and a place that posts go to as many; a gate
makes at most DELIVERIES_PER_GATE.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from approvals.models import Gate
from intents.models import Intent
from intents.prepared import Prepared
from intents.services.durable import durable
from notifications.models import ASKS, Delivery, DeliveryStatus, Purpose

HOUR = timedelta(hours=1)
COLLECT = timedelta(minutes=2)
"""From the first held message to the digest: a flood is rarely over after its first second."""
BETWEEN_DIGESTS = timedelta(minutes=15)
MOST_GATES = 20
"""A digest names no more of them. Of the others nobody was told: else a flood would hide the one that matters."""
HELD = "it stands in the digest of a flood."
_MADE = Prepared(lambda intent: Delivery.objects.filter(intent=intent)[:1])
_RECENT = Prepared(
    lambda sender, since, people, places: (
        Delivery.objects.filter(Q(person_id__among=people) | Q(person_id=None, address__among=places))
        .filter(created_at__gt=since, intent__sender=sender)
        .exclude(Q(status=DeliveryStatus.HELD) | Q(purpose=Purpose.DIGEST))
        .values_list("person_id", "address", "channel")
        .annotate(Count("pk"))
        .order_by()
    )
)
TOO_MANY = "This gate has made as many messages as one gate may."


def bounded(deliveries: list[Delivery], intent: Intent, now: datetime) -> list[Delivery]:
    """The same deliveries of one intent, those beyond a limit settled already, and a digest for each flooded reader."""
    if not deliveries:
        return []
    recent = _recent(deliveries, intent, now)
    made = _made(intent)
    digests: list[Delivery] = []
    flooded = set()
    for delivery in deliveries:
        if delivery.settled_at is not None:
            continue
        made[delivery.gate_id] += 1
        if delivery.gate_id and made[delivery.gate_id] > settings.DELIVERIES_PER_GATE:
            _settled(delivery, DeliveryStatus.DEAD, TOO_MANY, now)
            continue
        reader = _reader(delivery)
        recent[reader] += 1
        if recent[reader] > settings.MESSAGES_PER_HOUR:
            if reader not in flooded:
                digests += _digest(delivery, intent, now)
            flooded.add(reader)
            _settled(delivery, DeliveryStatus.HELD, HELD, now)
    return [*deliveries, *digests]


def adopt(digest: Delivery) -> None:
    """Just before the digest is written: whatever is held for its reader, and stands in no other, is now its own."""
    with durable():
        rows = _between(digest, digest.intent.sender_id).filter(status=DeliveryStatus.HELD, reference="")
        rows.update(reference=str(digest.pk))


def held_in(digest: Delivery) -> QuerySet[Delivery]:
    """What the digest stands for."""
    return Delivery.objects.filter(_same(digest), status=DeliveryStatus.HELD, reference=str(digest.pk))


def gates_to_decide(digest: Delivery, at: datetime) -> QuerySet[Gate]:
    """The gates of held requests that were open then, those that end first at the beginning."""
    held = held_in(digest).filter(purpose__in=ASKS, gate_id__isnull=False).values("gate_id")
    return Gate.objects.filter(Q(closed_at=None) | Q(closed_at__gt=at), pk__in=held).order_by("expires_at", "pk")


def gates_named(digest: Delivery, at: datetime) -> list[UUID]:
    """Those that the digest lists: of these its person was told."""
    return list(gates_to_decide(digest, at).values_list("pk", flat=True)[:MOST_GATES])


def gates_held(digest: Delivery) -> set[UUID]:
    """All whose requests it stands for."""
    held = held_in(digest).filter(purpose__in=ASKS, gate_id__isnull=False)
    return {gate_id for gate_id in held.values_list("gate_id", flat=True) if gate_id}


def _recent(deliveries: list[Delivery], intent: Intent, now: datetime) -> Counter[object]:
    """How many messages each reader got on each channel from this sender within the last hour."""
    people = list({delivery.person_id for delivery in deliveries if delivery.person_id})
    places = list({delivery.address for delivery in deliveries if delivery.is_post})
    found: Counter[object] = Counter()
    for person, place, channel, number in _RECENT(
        sender=intent.sender_id, since=now - HOUR, people=people, places=places
    ):
        found[person or place, channel] += number
    return found


def _reader(delivery: Delivery) -> object:
    """A person, or a place where several read; on this channel."""
    return (delivery.person_id or delivery.address, delivery.channel)


def _same(like: Delivery) -> Q:
    """What goes to the same reader."""
    return Q(person_id=None, address=like.address) if like.is_post else Q(person_id=like.person_id)


def _made(intent: Intent) -> Counter[object]:
    if not _MADE(intent=intent.pk):
        return Counter()
    rows = Delivery.objects.filter(intent=intent, gate_id__isnull=False)
    return Counter(dict(rows.values_list("gate_id").annotate(Count("pk")).order_by()))


def _digest(delivery: Delivery, intent: Intent, now: datetime) -> list[Delivery]:
    """One, unless one waits to be sent already. That one is locked: it cannot adopt before this is committed."""
    digests = _digests(delivery, intent.sender_id)
    if digests.filter(status=DeliveryStatus.QUEUED).select_for_update(of=("self",)).first():
        return []
    last = digests.filter(settled_at__isnull=False).order_by("-settled_at").values_list("settled_at", flat=True).first()
    return [
        Delivery(
            workspace_id=delivery.workspace_id,
            intent_id=delivery.intent_id,
            event_id=delivery.event_id,
            person_id=delivery.person_id,
            channel=delivery.channel,
            address=delivery.address,
            purpose=Purpose.DIGEST,
            not_before=max(now + COLLECT, last + BETWEEN_DIGESTS if last else now),
            created_at=now,
        )
    ]


def _digests(like: Delivery, sender_id: UUID) -> QuerySet[Delivery]:
    return _between(like, sender_id).filter(purpose=Purpose.DIGEST)


def _between(like: Delivery, sender_id: UUID) -> QuerySet[Delivery]:
    """What this sender sends to the same reader on the same channel."""
    return Delivery.objects.filter(_same(like), channel=like.channel, intent__sender_id=sender_id)


def _settled(delivery: Delivery, status: DeliveryStatus, why: str, now: datetime) -> None:
    delivery.status, delivery.why, delivery.settled_at = status, why, now
