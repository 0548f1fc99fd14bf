"""One line of log and one count for each event, once it is committed."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from django.db import transaction

from intents import metrics
from intents.models import Event

log = logging.getLogger("countersign.events")


def after_commit(events: Iterable[Event]) -> None:
    """Say it when the transaction stands, and not at all if it does not."""
    written = list(events)
    if written:
        transaction.on_commit(lambda: say(written))


def say(events: Iterable[Event]) -> None:
    """Ids and words of ours only: no payload, no comment, no address."""
    for event in events:
        metrics.EVENTS.labels(event.event_type).inc()
        log.info(event.event_type, extra={"intent": str(event.intent_id), "seq": event.seq, "status": event.status})
