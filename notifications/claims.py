"""Holding deliveries while they are sent. `attempt` is the fence: only who made the latest attempt settles it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from copy import copy
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import F, QuerySet

from intents import clock
from intents.clock import iso
from intents.errors import Busy
from intents.prepared import Prepared
from intents.services.durable import durable
from intents.updates import PreparedUpdate, update_if
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
        now = clock.now()
        return _hold(_due_on(limit)(channel=channel, now=now), now)


def take(rows: QuerySet[Row], limit: int, now: datetime) -> list[Row]:
    """Inside `durable()`: hold up to `limit` of these that are due."""
    return _hold(_due(rows, now)[:limit], now)


def take_these(keys: Collection[UUID], now: datetime) -> list[Delivery]:
    """Inside `durable()`: hold those of these deliveries that are due, and that nobody else is just taking."""
    return _hold(_THESE(keys=list(keys), now=now), now) if keys else []


def _due(rows: QuerySet[Row], now: Any) -> QuerySet[Row]:
    """Those of these that are due and that nobody else is just taking, the longest due first, a dead worker's included.

    They are locked as they are read.
    """
    free = rows.select_for_update(skip_locked=True, of=("self",))
    return free.filter(status__in=OPEN, not_before__lte=now).order_by("not_before", "pk")


def _hold(due: Iterable[Row], now: datetime) -> list[Row]:
    """While held, `not_before` is the lease's end: it is always the next moment at which a row wants attention."""
    rows = list(due)
    for row in rows:
        row.status, row.attempt = DeliveryStatus.SENDING, row.attempt + 1
        row.lease_until = row.not_before = now + LEASE
    if rows:
        _HOLD[type(rows[0])](keys=[row.pk for row in rows], until=now + LEASE)
    return rows


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


@cache
def _due_on(limit: int) -> Prepared[Delivery]:
    """The due deliveries of a channel, so many at most."""
    return Prepared(lambda channel, now: _due(_WITH_WORDS.filter(channel=channel), now)[:limit])


def _holding(rows: QuerySet[Any]) -> PreparedUpdate:
    def made(keys: Any, until: Any) -> tuple[QuerySet[Any], dict[str, Any]]:
        held = {"status": DeliveryStatus.SENDING, "attempt": F("attempt") + 1}
        return rows.filter(pk__among=keys), held | {"lease_until": until, "not_before": until}

    return PreparedUpdate(made)


_WITH_WORDS = Delivery.objects.select_related("event__text")
_THESE = Prepared(lambda keys, now: _due(_WITH_WORDS.filter(pk__among=keys), now))
_HOLD = {Delivery: _holding(Delivery.objects.all()), WebhookDelivery: _holding(WebhookDelivery.objects.all())}


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
