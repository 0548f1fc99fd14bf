"""When a channel has given somebody up, the next one is used at once. Only whoever has none left is unreachable."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from approvals.models import Person
from approvals.services.told import mark_unreachable
from intents import nudges
from intents.services.durable import durable
from intents.services.lock import hold_first
from notifications.channels.registry import CHANNELS
from notifications.claims import OPEN
from notifications.models import ASKS, Delivery, DeliveryStatus, Purpose

TOLD = (DeliveryStatus.SENT, DeliveryStatus.HELD)


def give_up(delivery: Delivery, why: str, now: datetime) -> None:
    """This message never reaches its person. Inside `durable()`; the copies on other channels are held until its end.

    Two channels that fail at once take turns here: the later one knows of the earlier. The intent is held before them.
    A post has no person, and nobody is missed by it.
    """
    if delivery.person_id is None:
        return
    is_asked = bool(delivery.gate_id) and delivery.purpose in ASKS
    if is_asked:
        hold_first(delivery.intent_id)
    copies = list(_copies(delivery).select_for_update(of=("self",)).order_by("pk"))
    others = [copy for copy in copies if copy.pk != delivery.pk]
    if _is_told_elsewhere(others, now) or _is_queued_elsewhere(delivery, others, now):
        return
    if delivery.gate_id and is_asked:
        mark_unreachable(delivery.gate_id, delivery.person_id, why)


def lose(delivery: Delivery, why: str, now: datetime) -> None:
    """What had reached its person is gone again. Whoever still has to answer is told on the next channel."""
    if delivery.purpose in ASKS:
        with durable():
            give_up(delivery, why, now)


def reached_otherwise(delivery: Delivery) -> bool:
    """True if another channel reaches this person. Nothing else reaches a place."""
    return any(name != delivery.channel for name, _ in _addresses(delivery))


def _copies(delivery: Delivery) -> QuerySet[Delivery]:
    """The same message to the same person, on every channel."""
    rows = Delivery.objects.filter(intent_id=delivery.intent_id, event=delivery.event_id)
    return rows.filter(person_id=delivery.person_id, purpose=delivery.purpose)


def _is_told_elsewhere(others: list[Delivery], now: datetime) -> bool:
    """True if another channel has told them or is about to: at once, if it was to come later."""
    waiting = [copy for copy in others if copy.status in OPEN]
    early = [copy.pk for copy in waiting if copy.attempt == 0 and copy.not_before > now]
    if early:
        Delivery.objects.filter(pk__in=early).update(not_before=now)
        nudges.after_commit(nudges.DELIVER)
    return bool(waiting) or any(copy.status in TOLD for copy in others)


def _is_queued_elsewhere(delivery: Delivery, others: list[Delivery], now: datetime) -> bool:
    """True if there is a channel that was not tried yet and reaches them: it has the message from now on."""
    tried = {delivery.channel, *(copy.channel for copy in others)}
    untried = [(name, address) for name, address in _addresses(delivery) if name not in tried]
    if delivery.purpose == Purpose.DIGEST or not untried:
        return False
    _queue(delivery, *untried[0], now)
    return True


def _addresses(delivery: Delivery) -> list[tuple[str, str]]:
    """The channels that reach this person, each with its address."""
    person = Person.objects.filter(pk=delivery.person_id).first() if delivery.person_id else None
    if person is None:
        return []
    reach = ((name, channel.addresses(delivery.workspace_id, [person])) for name, channel in CHANNELS.items())
    return [(name, found[person.pk]) for name, found in reach if person.pk in found]


def _queue(delivery: Delivery, channel: str, address: str, now: datetime) -> None:
    row = Delivery(
        workspace_id=delivery.workspace_id,
        intent_id=delivery.intent_id,
        event_id=delivery.event_id,
        gate_id=delivery.gate_id,
        person_id=delivery.person_id,
        channel=channel,
        address=address,
        purpose=delivery.purpose,
        not_before=now,
        created_at=now,
    )
    Delivery.objects.bulk_create([row], ignore_conflicts=True)
    nudges.after_commit(nudges.DELIVER)
