"""From events to deliveries: which subscriptions want to be told of what, and may be."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q

from intents import nudges
from intents.addresses import matches
from intents.ids import new_id
from intents.models import Agent, Event, Intent, Step
from intents.prepared import Prepared
from notifications.models import WebhookDelivery, WebhookEvent, WebhookSubscription
from notifications.webhooks.words import OURS


def queue_history(events: Sequence[Event], now: datetime) -> None:
    """Queue these events of one intent for whoever wants them. Inside the transaction that announces them."""
    if not events:
        return
    intent = events[0].intent
    subscriptions = listening(intent.workspace_id)
    if not subscriptions:
        return
    readers = _readers(intent) if any(row.owner_id for row in subscriptions) else set()
    allowed = [row for row in subscriptions if row.owner_id is None or row.owner_id in readers]
    wanted = [(_of(event, now), wanting(allowed, event.event_type)) for event in events]
    told = [(event, rows) for event, rows in wanted if rows]
    WebhookEvent.objects.bulk_create([event for event, _ in told])
    queue(told, now)


def queue(told: Iterable[tuple[WebhookEvent, Iterable[WebhookSubscription]]], now: datetime) -> None:
    """A delivery for each pair that has none yet."""
    rows = [_delivery(event, subscription, now) for event, wanting in told for subscription in wanting]
    if rows:
        WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True)
        nudges.after_commit(nudges.PUSH)


def audience(event: WebhookEvent) -> list[WebhookSubscription]:
    """Who is told of this event today."""
    rows = wanting(listening(event.workspace_id), event.event_type)
    if event.event is None:
        return [row for row in rows if row.owner_id in (None, event.owner_id)]
    readers = _readers(event.event.intent)
    return [row for row in rows if row.owner_id is None or row.owner_id in readers]


def listening(workspace_id: uuid.UUID) -> list[WebhookSubscription]:
    """The workspace's active subscriptions."""
    return _LISTENING(workspace=workspace_id)


def at_work() -> Q:
    """Subscriptions that are told of anything: active, not removed, and not of an agent that is switched off."""
    return Q(active=True, revoked_at=None) & (Q(owner=None) | Q(owner__is_active=True))


_LISTENING = Prepared(lambda workspace: WebhookSubscription.objects.filter(at_work(), workspace=workspace))


def wanting(subscriptions: Iterable[WebhookSubscription], event_type: str) -> list[WebhookSubscription]:
    """Those that named this type, or a beginning of it."""
    return [row for row in subscriptions if matches(row.event_types, event_type)]


def _readers(intent: Intent) -> set[uuid.UUID]:
    """The agents whose keys may read this intent: the sender's, and those with a step of it (intents.selectors)."""
    sent_by = {intent.sender.agent_id, intent.sender.service_account.agent_id}
    addresses = Step.objects.filter(intent=intent, kind="agent").values_list("agent_address", flat=True)
    working = Agent.objects.filter(workspace_id=intent.workspace_id, address__in=list(addresses))
    return {pk for pk in sent_by if pk} | set(working.values_list("pk", flat=True))


def _of(event: Event, now: datetime) -> WebhookEvent:
    return WebhookEvent(
        id=new_id(),
        workspace_id=event.intent.workspace_id,
        event=event,
        thread_id=event.intent_id,
        position=event.pk,
        event_type=event.event_type,
        source=OURS,
        actor=event.actor,
        created_at=now,
    )


def _delivery(event: WebhookEvent, subscription: WebhookSubscription, now: datetime) -> WebhookDelivery:
    return WebhookDelivery(
        event=event,
        subscription=subscription,
        thread_id=event.thread_id,
        position=event.position,
        queued_at=now,
        not_before=now,
    )
