"""Holding deliveries while they are sent. `attempt` is the fence: only who made the latest attempt settles it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from copy import copy
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db.models import F, QuerySet

from intents import clock
from intents.clock import iso
from intents.errors import Busy
from intents.prepared import Prepared
from intents.services.durable import durable
from intents.updates import update_if
from notifications.models import Delivery, DeliveryStatus, WebhookDelivery

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=45)
"""Longer than any one sending takes; and what a killed worker held is sent and true again within a minute."""
SETTLE_TRIES = 3
MOST_ATTEMPTS = 8
BACKOFF_SECONDS = (10, 30, 120, 600)
OPEN = (DeliveryStatus.QUEUED, DeliveryStatus.SENDING)
_ANY = Prepared(lambda channel, now: Delivery.objects.filter(channel=channel, status__in=OPEN, not_before__lte=now)[:1])
Row = TypeVar("Row", Delivery, WebhookDelivery)


class Overtaken(Exception):
    """The lease ended and somebody else has this delivery: nothing was settled."""


def claim(channel: str, limit: int) -> list[Delivery]:
    """Take up to `limit` due deliveries of this channel."""
    if not _ANY(channel=channel, now=clock.now()):
        return []
    with durable():
        return take(Delivery.objects.select_related("event__text").filter(channel=channel), limit, clock.now())


def take(rows: QuerySet[Row], limit: int, now: datetime) -> list[Row]:
    """Inside `durable()`: hold up to `limit` of these that are due, the longest due first, a dead worker's included.

    While held, `not_before` is the lease's end: it is always the next moment at which a row wants attention.
    """
    due = rows.select_for_update(skip_locked=True, of=("self",)).filter(status__in=OPEN, not_before__lte=now)
    claimed = list(due.order_by("not_before", "pk")[:limit])
    for row in claimed:
        row.status, row.attempt = DeliveryStatus.SENDING, row.attempt + 1
        row.lease_until = row.not_before = now + LEASE
    held = {"status": DeliveryStatus.SENDING, "attempt": F("attempt") + 1}
    mine = rows.model._default_manager.filter(pk__in=[row.pk for row in claimed])
    mine.update(**held, lease_until=now + LEASE, not_before=now + LEASE)
    return claimed


def settle(delivery: Delivery | WebhookDelivery, status: DeliveryStatus, *, why: str = "", reference: str = "") -> None:
    """Give the delivery its final state. Overtaken if it is not ours any more."""
    _write(delivery, status=status, why=why[:500], reference=reference[:255], lease_until=None, settled_at=clock.now())


def put_off(delivery: Delivery | WebhookDelivery, until: datetime, why: str, **more: Any) -> None:
    """Queue it again for `until`. Overtaken if it is not ours any more."""
    _write(delivery, status=DeliveryStatus.QUEUED, not_before=until, lease_until=None, why=why[:500], **more)


def conclude(settling: Callable[[], None], fated: str, words: dict[str, Any]) -> bool:
    """Settle; again if the database was busy, as sending twice would be worse. If it stays so, the lease runs out.

    True if it is settled. `words` go into the one line of log.
    """
    for _ in range(SETTLE_TRIES):
        try:
            settling()
        except Busy:
            continue
        except Overtaken:
            log.warning("delivery overtaken", extra=words)
            return False
        log.info("delivery tried", extra=words | {"fate": fated})
        return True
    log.error("delivery not settled", extra=words)
    return False


def pause_after(attempt: int) -> float:
    """Seconds until the next attempt."""
    return BACKOFF_SECONDS[min(attempt, len(BACKOFF_SECONDS)) - 1]


def tried(delivery: Delivery, fate: str, why: str) -> dict[str, Any]:
    """One line of the delivery's log. `queued`: it is tried again."""
    return {"number": delivery.attempt, "at": iso(clock.now()), "fate": fate, "why": why}


def give_back(deliveries: Sequence[Delivery], until: datetime) -> None:
    """Queue again what was claimed but never tried. The attempt stays counted: it is the fence."""
    if not deliveries:
        return
    with durable():
        for row in deliveries:
            _mine(row).update(status=DeliveryStatus.QUEUED, not_before=until, lease_until=None)


def _write(delivery: Delivery | WebhookDelivery, **fields: Any) -> None:
    if isinstance(delivery, Delivery):
        fields["tries"] = [*delivery.tries, tried(delivery, fields["status"], fields["why"])]
    after = copy(delivery)
    for name, value in fields.items():
        setattr(after, name, value)
    with durable():
        if not update_if(after, *fields, attempt=delivery.attempt, status=DeliveryStatus.SENDING):
            raise Overtaken


def _mine(delivery: Delivery | WebhookDelivery) -> Any:
    return type(delivery)._default_manager.filter(
        pk=delivery.pk, attempt=delivery.attempt, status=DeliveryStatus.SENDING
    )
