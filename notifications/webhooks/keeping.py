"""Webhook events are kept for a month, so that they can be sent again; then they are deleted with their deliveries."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef

from intents import clock
from intents.services.durable import durable
from notifications.claims import OPEN
from notifications.models import WebhookDelivery, WebhookEvent

KEPT_FOR = timedelta(days=30)
BATCH = 500


def forget_old() -> int:
    """Delete up to a batch of events older than 30 days of which nothing is under way; how many there were."""
    under_way = WebhookDelivery.objects.filter(event=OuterRef("pk"), status__in=OPEN)
    old = WebhookEvent.objects.filter(~Exists(under_way), created_at__lt=clock.now() - KEPT_FOR)
    with durable():
        ids = list(old.order_by("created_at").values_list("pk", flat=True)[:BATCH])
        WebhookEvent.objects.filter(pk__in=ids).delete()
    return len(ids)
