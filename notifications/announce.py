"""From outbox rows to deliveries. What was announced twice is told once: a delivery is unique per event and address."""

from __future__ import annotations

import logging
import random
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from approvals.models import Gate
from intents import clock, nudges
from intents.errors import Busy
from intents.ids import parse_id
from intents.lifecycle import is_final
from intents.models import Event, Intent, Outbox
from intents.prepared import Prepared, read_once
from intents.services.durable import durable
from intents.services.record import details_of
from intents.services.rows import insert
from notifications.asked import known_from
from notifications.audience import Telling, gate_of, tellings
from notifications.flood import bounded
from notifications.models import Delivery, Purpose
from notifications.posts import posts
from notifications.recipients import recipients
from notifications.routing import Occasion, routes
from notifications.slack.homes import mark_homes
from notifications.slack.kept import mark
from notifications.webhooks.fanout import queue_history

log = logging.getLogger(__name__)
BATCH = 200
_CLAIMED = Prepared(
    lambda events: Outbox.objects.select_for_update(skip_locked=True).filter(pk__among=events).values_list("pk")
)
_EVENTS = Prepared(lambda ids: Event.objects.select_related("text").filter(pk__among=ids).order_by("pk"))
_INTENT = Prepared(
    lambda intent: Intent.objects.select_related("workspace", "sender__service_account").filter(pk=intent)
)
_GATE = Prepared(lambda gate, intent: Gate.objects.select_related("terms").filter(pk=gate, intent=intent))
FIRST_BACKOFF_SECONDS = 5
LONGEST_BACKOFF_SECONDS = 300


def announce_due(limit: int = BATCH) -> int:
    """Announce up to `limit` due events, one intent per transaction. Returns how many were due.

    When there are more, each worker begins somewhere else among them, and looks again where it meets another one.
    """
    now = clock.now()
    due = list(Outbox.objects.filter(not_before__lte=now).order_by("not_before", "event_id")[:limit])
    jobs = _jobs(due)
    crowded = len(due) == limit
    start = random.randrange(len(jobs)) if crowded else 0  # noqa: S311 - nothing to guess
    for event_ids in jobs[start:] + jobs[:start]:
        if not _announce_together(event_ids, now) and crowded:
            break
    return len(due)


def announce_intent(intent_id: uuid.UUID, now: datetime) -> None:
    """Announce whatever is due of this one intent; an error is the caller's."""
    _announce(list(Outbox.objects.filter(intent_id=intent_id, not_before__lte=now).values_list("pk", flat=True)), now)


def _jobs(rows: Iterable[Outbox]) -> list[list[int]]:
    """Event ids to announce in one transaction: an intent's together, but one that failed before by itself."""
    jobs: dict[tuple[uuid.UUID, int], list[int]] = {}
    for row in rows:
        jobs.setdefault((row.intent_id, row.event_id if row.attempts else 0), []).append(row.event_id)
    return list(jobs.values())


def _announce_together(event_ids: list[int], now: datetime) -> bool:
    """False if somebody else is at work on them."""
    try:
        return _announce(event_ids, now)
    except Busy:  # nothing happened; the rows stay due
        return True
    except Exception:  # one bad row must not stop the others
        log.exception("announce failed", extra={"events": event_ids})
        _put_off(event_ids, now)
        return True


def _announce(event_ids: list[int], now: datetime) -> bool:
    """Deliveries exist exactly when the outbox rows are gone. Rows that somebody else holds are left to them."""
    with durable(), read_once():
        events = _claimed(event_ids)
        if events:
            _tell_of(events, events[0].intent, now)
            Outbox.objects.filter(pk__in=[event.pk for event in events]).delete()
    return bool(events)


def _claimed(event_ids: list[int]) -> list[Event]:
    """Those of them, all of one intent, that nobody else holds or has announced."""
    claimed = [pk for (pk,) in _CLAIMED(events=event_ids)]
    events = _EVENTS(ids=claimed) if claimed else []
    for event in events:
        event.intent = _INTENT(intent=event.intent_id)[0]
    return events


def _tell_of(events: list[Event], intent: Intent, now: datetime) -> None:
    wanted = [delivery for event in events for delivery in _fan_out(event, now)]
    deliveries = bounded(wanted, intent, now)
    insert(*deliveries, unless_taken=True)
    queue_history(events, now)
    mark(intent.pk, now)
    mark_homes(intent)
    if deliveries:
        nudges.after_commit(nudges.DELIVER)


def _fan_out(event: Event, now: datetime) -> list[Delivery]:
    details = details_of(event)
    final = is_final(event.intent.status)
    told = tellings(event.event_type, event.waiting_reason, details, intent_is_final=final)
    if not told:
        return []
    gate_id = parse_id(gate_of(event.event_type, details))
    gate = _gate(event, gate_id) if gate_id else None
    personal = [delivery for what in told for delivery in _deliveries(event, what, gate, details, now)]
    return [*personal, *posts(event, gate, details, now)]


def _gate(event: Event, gate_id: uuid.UUID) -> Gate | None:
    gate = _GATE.first(gate=gate_id, intent=event.intent_id)
    if gate is not None:
        gate.intent, gate.workspace = event.intent, event.intent.workspace
    return gate


def _deliveries(
    event: Event, what: Telling, gate: Gate | None, details: dict[str, Any], now: datetime
) -> Iterable[Delivery]:
    people = recipients(what, event.intent, gate, now)
    for route in routes(event.intent.workspace_id, people, Occasion(what, gate, details), now):
        closing = gate is not None and what.purpose == Purpose.CLOSED
        yield Delivery(
            workspace_id=event.intent.workspace_id,
            intent_id=event.intent_id,
            event=event,
            gate_id=gate.pk if gate else None,
            person_id=route.person.pk,
            channel=route.channel,
            address=route.address,
            purpose=what.purpose,
            not_before=known_from(gate, route.person, now) if gate and closing else route.not_before,
            created_at=now,
        )


def _put_off(event_ids: list[int], now: datetime) -> None:
    """After a failure these rows wait, the longer the more often they failed; from now on each is tried by itself."""
    with durable():
        rows = list(Outbox.objects.select_for_update(skip_locked=True).filter(pk__in=event_ids))
        for row in rows:
            pause = min(FIRST_BACKOFF_SECONDS * 2**row.attempts, LONGEST_BACKOFF_SECONDS)
            row.attempts = min(row.attempts + 1, 1000)
            row.not_before = now + timedelta(seconds=pause)
        Outbox.objects.bulk_update(rows, ["attempts", "not_before"])
