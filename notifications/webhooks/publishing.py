"""What programs publish to subscriptions themselves, and sending something again. Inside `durable()`."""

from __future__ import annotations

import uuid
from typing import Any
from unicodedata import normalize

from django.db.models import Count, Q, QuerySet

from intents import clock
from intents.digest import canonical
from intents.errors import Invalid, NotFound
from intents.models import Agent
from intents.principal import Principal
from notifications.claims import OPEN
from notifications.models import DeliveryStatus, WebhookDelivery, WebhookEvent
from notifications.webhooks.fanout import audience, queue
from notifications.webhooks.words import OURS

RESERVED = ("intent", "gate", "approval")
"""The first words of names that only the server uses: no machine can make up that something happened here."""
AGAIN = (DeliveryStatus.SENT, DeliveryStatus.DEAD)


def publish(
    principal: Principal, owner: Agent | None, event_type: str, source: str, payload: dict[str, Any]
) -> WebhookEvent:
    """Queue it for the owner's subscriptions and the workspace's own. Invalid for names that are ours alone."""
    if event_type.split(".", maxsplit=1)[0] in RESERVED:
        raise Invalid(f"Names that begin with {', '.join(RESERVED)} are the server's own.", code="reserved_event_type")
    if _letters(source) == OURS:
        raise Invalid(f"The source {OURS} is the server's own.", code="reserved_source")
    now = clock.now()
    event = WebhookEvent.objects.create(
        workspace_id=principal.workspace_id,
        owner=owner,
        event_type=event_type,
        source=source,
        actor=principal.actor[:255],
        payload=canonical(payload).decode(),
        created_at=now,
    )
    queue([(event, audience(event))], now)
    return event


def _letters(source: str) -> str:
    """What is left of it for somebody who reads: no case, no invisible characters, no other widths of letters."""
    return "".join(filter(str.isalnum, normalize("NFKC", source).casefold()))


def replay(event: WebhookEvent) -> None:
    """Queue it again for everybody who is told of it today, new subscriptions included; what is under way stays so."""
    now = clock.now()
    rows = audience(event)
    settled = WebhookDelivery.objects.filter(event=event, subscription__in=rows, status__in=AGAIN)
    settled.update(
        status=DeliveryStatus.QUEUED, tries=0, queued_at=now, not_before=now, why="", reference="", settled_at=None
    )
    queue([(event, rows)], now)


def events_of(principal: Principal) -> QuerySet[WebhookEvent]:
    """The workspace's events with their counts of deliveries."""
    count = {
        "queued": Count("deliveries"),
        "delivered": Count("deliveries", filter=Q(deliveries__status=DeliveryStatus.SENT)),
        "pending": Count("deliveries", filter=Q(deliveries__status__in=OPEN)),
        "dead_lettered": Count("deliveries", filter=Q(deliveries__status=DeliveryStatus.DEAD)),
    }
    rows = WebhookEvent.objects.filter(workspace_id=principal.workspace_id).select_related("owner", "workspace")
    return rows.annotate(**count)


def event_of(principal: Principal, event_id: uuid.UUID | None) -> WebhookEvent:
    """The event of this id in the principal's workspace, or NotFound."""
    event = events_of(principal).filter(pk=event_id).first() if event_id else None
    if event is None:
        raise NotFound("There is no such event.")
    return event
