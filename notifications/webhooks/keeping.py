"""What is kept of webhooks. Events stay for a month, so that they can be sent again, and go with their deliveries."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef

from intents.models import Intent
from notifications.claims import OPEN
from notifications.models import WebhookDelivery, WebhookEvent
from notifications.webhooks.inboxes import line_of

KEPT_FOR = timedelta(days=30)


class WebhooksKeeper:
    """See `intents.ports.Keeper`."""

    def unsettled(self, intent_ids: Collection[UUID]) -> set[UUID]:
        """A program is still to be told: its words are read from the history when it is."""
        rows = WebhookDelivery.objects.filter(status__in=OPEN)
        of_history = rows.filter(event__event__intent__in=intent_ids)
        lines = {line_of(intent_id): intent_id for intent_id in intent_ids}
        of_inboxes = rows.filter(event__event=None, event__thread_id__in=list(lines))
        return {
            *of_history.values_list("event__event__intent_id", flat=True),
            *(lines[line] for line in of_inboxes.values_list("event__thread_id", flat=True) if line),
        }

    def purge(self, intent: Intent, words: str) -> None:
        """Nothing: no delivery keeps words of an intent, and none is sent without them."""

    def tidy(self, now: datetime, most: int) -> int:
        """Events older than 30 days of which nothing is under way."""
        under_way = WebhookDelivery.objects.filter(event=OuterRef("pk"), status__in=OPEN)
        old = WebhookEvent.objects.filter(~Exists(under_way), created_at__lt=now - KEPT_FOR)
        ids = list(old.order_by("created_at").values_list("pk", flat=True)[:most])
        WebhookEvent.objects.filter(pk__in=ids).delete()
        return len(ids)
