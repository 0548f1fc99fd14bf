"""One delivery: read what to say, say it outside of any transaction, settle what is still ours.

At least once: who dies after the receiver's yes is followed by another sending, with the same `webhook-id`.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from intents import clock
from intents.services.durable import durable
from notifications import metrics
from notifications.channels.base import Dead, Retry, Sent
from notifications.claims import conclude, put_off, settle
from notifications.models import WEBHOOK, DeliveryStatus, WebhookDelivery
from notifications.outbound import Client, Refused, Unanswered
from notifications.webhooks import trouble
from notifications.webhooks.answers import Gone, fate_of
from notifications.webhooks.sealing import Unreadable, unseal
from notifications.webhooks.signing import signed
from notifications.webhooks.words import Purged, body_of

log = logging.getLogger(__name__)
BACKOFF_SECONDS = (5, 30, 120, 600, 3600, 10800, 21600, 21600, 21600)
"""About 22 hours in all; each is made up to a fifth longer, so that not everybody comes back at once."""
LONGEST_LIFE = timedelta(hours=24)
LONGEST_WISH_SECONDS = 3600

Fate = Sent | Retry | Dead | Gone


@dataclass(frozen=True)
class Request:
    """What is about to be sent."""

    url: str
    body: bytes
    headers: dict[str, str]


def push(delivery: WebhookDelivery, rest: Callable[[], None] = lambda: None) -> Fate:
    """See a claimed delivery through. `rest` is called before the network is waited for."""
    prepared = _prepared(delivery)
    rest()
    fate = _send(prepared) if isinstance(prepared, Request) else prepared
    _conclude(delivery, fate)
    return fate


def _prepared(delivery: WebhookDelivery) -> Request | Fate:
    """The same bytes on every try, signed for this moment. An error of our own must not stop the others."""
    try:
        subscription, event = delivery.subscription, delivery.event
        body = body_of(event)
        headers = signed(unseal(subscription.sealed_secret), event.pk, body, clock.now())
        return Request(subscription.callback_url, body, headers)
    except Purged as error:
        return Dead(str(error))
    except Unreadable as error:
        return Retry(0, str(error))
    except Exception as error:
        log.exception("webhook could not be written", extra={"delivery": str(delivery.pk)})
        return Retry(0, f"An error of our own: {type(error).__name__}.")


def _send(request: Request) -> Fate:
    try:
        return fate_of(Client.from_settings().post(request.url, request.body, request.headers), clock.now())
    except Refused as error:
        return Dead(str(error))
    except Unanswered as error:
        return Retry(0, str(error), account=True)
    except Exception as error:
        log.exception("webhook could not be sent")
        return Retry(0, f"An error of our own: {type(error).__name__}.")


def _conclude(delivery: WebhookDelivery, fate: Fate) -> None:
    def settling() -> None:
        _settle(delivery, fate, clock.now())
        _note(delivery, fate, clock.now())

    fated = type(fate).__name__.lower()
    words = {"delivery": str(delivery.pk), "subscription": str(delivery.subscription_id), "attempt": delivery.attempt}
    if conclude(settling, fated, words | {"why": getattr(fate, "why", "")}):
        metrics.TRIES.labels(WEBHOOK, fated).inc()


def _settle(delivery: WebhookDelivery, fate: Fate, now: datetime) -> None:
    """The subscription is locked before the delivery: the one order of locks."""
    if isinstance(fate, Sent):
        settle(delivery, DeliveryStatus.SENT, reference=fate.ref)
        metrics.SENT_AFTER.labels(WEBHOOK).observe((now - delivery.queued_at).total_seconds())
        return
    with durable():
        subscription = trouble.locked(delivery.subscription_id)
        if isinstance(fate, Retry) and subscription.active and _may_try_again(delivery, now):
            put_off(delivery, now + timedelta(seconds=_pause(delivery, fate)), fate.why, tries=delivery.tries + 1)
            return
        settle(delivery, DeliveryStatus.DEAD, why=fate.why)
        if isinstance(fate, Gone) and subscription.active:
            trouble.switch_off(subscription, fate.why, now)


def _note(delivery: WebhookDelivery, fate: Fate, now: datetime) -> None:
    """What this says about the receiver."""
    if isinstance(fate, Sent):
        trouble.answered(delivery.subscription_id, now)
    elif isinstance(fate, Retry):
        after = min(fate.after_seconds, LONGEST_WISH_SECONDS)
        trouble.failed(delivery.subscription_id, fate.why, after, now, rest=fate.account)
    elif not isinstance(fate, Gone):
        trouble.failed(delivery.subscription_id, fate.why, 0, now, rest=False)


def _may_try_again(delivery: WebhookDelivery, now: datetime) -> bool:
    return delivery.tries < len(BACKOFF_SECONDS) and now - delivery.queued_at < LONGEST_LIFE


def _pause(delivery: WebhookDelivery, fate: Retry) -> float:
    step = BACKOFF_SECONDS[delivery.tries] * random.uniform(1, 1.2)  # noqa: S311 - spreads, and hides nothing
    return max(step, min(fate.after_seconds, LONGEST_WISH_SECONDS))
