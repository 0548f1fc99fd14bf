"""What may be sent now: per subscription a few at once, and of one intent always the earliest first.

A delivery waits as long as an earlier one of the same intent to the same subscription is open, or an earlier event of
that intent is not announced yet. One that was given up lets the next go.
"""

from __future__ import annotations

import random
import uuid
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from intents import clock
from intents.errors import Busy
from intents.models import Outbox
from intents.services.durable import durable
from notifications.claims import OPEN, take
from notifications.models import DeliveryStatus, WebhookDelivery, WebhookSubscription
from notifications.webhooks.fanout import at_work

AT_ONCE = 4
"""How many requests one receiver gets at the same time."""


def claim_due(limit: int) -> list[WebhookDelivery]:
    """Hold up to `limit` deliveries. No subscription comes always first."""
    claimed: list[WebhookDelivery] = []
    for subscription_id in _due_subscriptions(clock.now()):
        claimed += _claim_of(subscription_id, limit - len(claimed))
        if len(claimed) >= limit:
            break
    return claimed


def _due_subscriptions(now: datetime) -> list[uuid.UUID]:
    due = WebhookDelivery.objects.filter(subscription=OuterRef("pk"), status__in=OPEN, not_before__lte=now)
    free = Q(blocked_until=None) | Q(blocked_until__lte=now)
    heard = Q(owner=None) | Q(owner__killed_at=None)  # what a killed agent would be told waits until it is resumed
    rows = WebhookSubscription.objects.filter(free, heard, at_work(), Exists(due))
    found = list(rows.values_list("pk", flat=True))
    random.shuffle(found)
    return found


def _claim_of(subscription_id: uuid.UUID, limit: int) -> list[WebhookDelivery]:
    """The subscription's row is held meanwhile, so that its numbers and its order are exact. Nothing if it is taken."""
    try:
        with durable():
            rows = WebhookSubscription.objects.select_for_update(no_key=True, skip_locked=True)
            subscription = rows.filter(pk=subscription_id, active=True, revoked_at=None).first()
            now = clock.now()
            allowed = min(limit, _allowance(subscription, now)) if subscription else 0
            claimed = take(_in_turn(subscription_id), allowed, now) if allowed > 0 else []
    except Busy:
        return []
    for delivery in claimed:
        delivery.subscription = subscription  # type: ignore[assignment]
    return claimed


def _allowance(subscription: WebhookSubscription, now: datetime) -> int:
    """None while it rests, one on trial after that, else what is left of the few."""
    if subscription.blocked_until and subscription.blocked_until > now:
        return 0
    held = subscription.deliveries.filter(status=DeliveryStatus.SENDING, lease_until__gt=now).count()
    return (1 if subscription.failures else AT_ONCE) - held


def _in_turn(subscription_id: uuid.UUID) -> QuerySet[WebhookDelivery]:
    earlier = WebhookDelivery.objects.filter(
        subscription=OuterRef("subscription"),
        thread_id=OuterRef("thread_id"),
        position__lt=OuterRef("position"),
        status__in=OPEN,
    )
    unannounced = Outbox.objects.filter(intent_id=OuterRef("thread_id"), event_id__lt=OuterRef("position"))
    mine = WebhookDelivery.objects.filter(subscription_id=subscription_id)
    return mine.filter(~Exists(earlier), ~Exists(unannounced))
