"""From what enters inboxes to webhook events. A notice says where to look, and nothing of what was said.

Entries take their places in the order of commits (intents.services.inbox): who keeps its place misses none.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from intents import clock
from intents.digest import canonical
from intents.errors import Busy
from intents.ids import new_id
from intents.inboxes import entries_after
from intents.models import Agent, Inbox, ThreadEntry
from intents.services.durable import durable
from intents.timeline import notice_of
from notifications.models import InboxWatch, WebhookEvent
from notifications.webhooks.fanout import audience, queue
from notifications.webhooks.words import OURS

BATCH = 200


def queue_inboxes(limit: int = BATCH) -> int:
    """Queue what has entered since the last look, one inbox per transaction. Returns how many entries were read."""
    seen = InboxWatch.objects.filter(inbox=OuterRef("pk")).values("cursor")
    news = Inbox.objects.annotate(seen=Coalesce(Subquery(seen), 0)).filter(cursor__gt=F("seen"))
    return sum(_queue(inbox_id, limit) for inbox_id in list(news.values_list("pk", flat=True)))


def _queue(inbox_id: int, limit: int) -> int:
    """Nothing if somebody else is at it. Where nobody wants to be told, only the place moves on."""
    try:
        with durable():
            watch = _held(inbox_id)
            if watch is None:
                return 0
            inbox, now = watch.inbox, clock.now()
            entries = entries_after(inbox.workspace_id, inbox.address, watch.cursor, limit)
            if entries:
                _tell(inbox, entries, now)
                watch.cursor = entries[-1].cursor
                watch.save(update_fields=["cursor"])
    except Busy:
        return 0
    return len(entries)


def _held(inbox_id: int) -> InboxWatch | None:
    InboxWatch.objects.bulk_create([InboxWatch(inbox_id=inbox_id)], ignore_conflicts=True)
    rows = InboxWatch.objects.select_for_update(skip_locked=True, of=("self",)).select_related("inbox")
    return rows.filter(pk=inbox_id).first()


def _tell(inbox: Inbox, entries: list[ThreadEntry], now: datetime) -> None:
    owner = Agent.objects.filter(workspace_id=inbox.workspace_id, address=inbox.address).first()
    events = [_event(inbox.workspace_id, owner, entry, now) for entry in entries]
    told = [(event, rows) for event in events if (rows := audience(event))]
    WebhookEvent.objects.bulk_create([event for event, _ in told])
    queue(told, now)


def line_of(thread_id: uuid.UUID) -> uuid.UUID:
    """In which line a thread's notices stand: one of their own, beside that of the intent's history."""
    return uuid.uuid5(thread_id, "inbox")


def _event(workspace_id: uuid.UUID, owner: Agent | None, entry: ThreadEntry, now: datetime) -> WebhookEvent:
    said = {
        "thread_id": str(entry.thread_id),
        "intent_id": str(entry.thread_id),
        "owner_agent": entry.inbox.address,
        "entry_id": str(entry.pk),
        "kind": entry.kind,
        "position": entry.position,
    }
    return WebhookEvent(
        id=new_id(),
        workspace_id=workspace_id,
        owner=owner,
        thread_id=line_of(entry.thread_id),
        position=entry.position,
        event_type=notice_of(entry.kind, entry.position),
        source=OURS,
        actor=entry.actor,
        payload=canonical(said).decode(),
        created_at=now,
    )
