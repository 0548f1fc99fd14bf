"""Receivers in trouble: they rest, each time for longer; one that fails for days is switched off."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from intents import nudges
from intents.services.changes import record_change
from intents.services.durable import durable
from notifications.breaker import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS
from notifications.models import DeliveryStatus, WebhookDelivery, WebhookSubscription

FAILING_FOR = timedelta(days=3)
SERVER = "server"


def failed(subscription_id: uuid.UUID, why: str, after_seconds: float, now: datetime, *, rest: bool) -> None:
    """Note a failure. `rest` if the receiver itself is in trouble: then it is left alone for a while."""
    with durable():
        subscription = locked(subscription_id)
        if not subscription.active:
            return
        subscription.why = why[:500]
        subscription.failing_since = subscription.failing_since or now
        if rest and not (subscription.blocked_until and subscription.blocked_until > now):
            pause = min(FIRST_PAUSE_SECONDS * 2**subscription.failures, LONGEST_PAUSE_SECONDS)
            subscription.failures = min(subscription.failures + 1, 100)
            subscription.blocked_until = now + timedelta(seconds=max(pause, after_seconds))
        subscription.save()
        if now - subscription.failing_since > FAILING_FOR:
            switch_off(subscription, f"It failed for {FAILING_FOR.days} days: {why}", now)


def answered(subscription_id: uuid.UUID, now: datetime) -> None:
    """It works. Costs no transaction where there was no trouble.

    After a rest, what waited may go at once; without one, a message that failed alone keeps its own pause.
    """
    rows = WebhookSubscription.objects.filter(pk=subscription_id).exclude(failing_since=None)
    if not rows.exists():
        return
    with durable():
        rested = rows.filter(failures__gt=0).exists()
        rows.update(failures=0, blocked_until=None, failing_since=None, why="")
        if rested:
            waiting = WebhookDelivery.objects.filter(subscription_id=subscription_id, status=DeliveryStatus.QUEUED)
            waiting.filter(not_before__gt=now).update(not_before=now)
            nudges.after_commit(nudges.PUSH)


def switch_off(subscription: WebhookSubscription, why: str, now: datetime) -> None:
    """Inside `durable()`, the subscription locked: it gets nothing more, and what was queued for it is given up."""
    subscription.active, subscription.updated_at, subscription.why = False, now, why[:500]
    subscription.failures, subscription.blocked_until = 0, None
    subscription.save()
    give_up_queued(subscription, "The subscription was switched off.", now)
    said = {"subscription_id": str(subscription.pk), "callback_url": subscription.callback_url, "why": why[:500]}
    record_change(subscription.workspace_id, "webhook.switched_off", SERVER, said)


def give_up_queued(subscription: WebhookSubscription, why: str, now: datetime) -> None:
    """What is queued for it will not be sent; a replay can queue it again."""
    rows = subscription.deliveries.filter(status=DeliveryStatus.QUEUED)
    rows.update(status=DeliveryStatus.DEAD, why=why, settled_at=now, lease_until=None)


def locked(subscription_id: uuid.UUID) -> WebhookSubscription:
    """The subscription, held until the commit."""
    return WebhookSubscription.objects.select_for_update(no_key=True).get(pk=subscription_id)
