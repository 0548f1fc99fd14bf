"""Checkpoints: entries of the workspaces' chains that name the last events of the intents that moved.

Which ones moved is read from the events, in the order of their ids, from where the last checkpoint ended. So nothing
is written when an intent is, and no intent is locked.

A transaction may commit later than another that took a higher id. A checkpoint therefore goes only as far as a fence:
the highest id to be seen at some moment, with the number that PostgreSQL would have given the next transaction then.
Whoever holds an id below the fence had a number by then, as an event is written after its intent is locked. Once all
transactions with lower numbers have ended, every event up to the fence that will ever be is to be seen. (A long one
in another database of the same server delays checkpoints too.) SQLite has one writer at a time: ids commit in order.
"""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Max

from intents import clock
from intents.errors import Busy
from intents.models import CheckpointCursor, Event
from intents.services.changes import record_change
from intents.services.durable import durable

log = logging.getLogger(__name__)
CHANGE = "history.checkpointed"
PAGE = 1000  # events in one transaction, and so at most as many intents in one entry

Head = list[Any]  # intent id, seq, hash


def write_checkpoint(now: datetime | None = None) -> int:
    """A page of the checkpoint that is due or under way, if one is; how many events it covers.

    Any number of workers may call it: the cursor's row lets one write at a time, from where the last one ended.
    """
    cursor = CheckpointCursor.objects.first() or CheckpointCursor()
    moment = now or clock.now()
    try:
        if cursor.through >= cursor.fence and not (_is_due(cursor, moment) and _fenced(moment)):
            return 0
        return _page()
    except Busy:  # the next tick tries again
        return 0


def _is_due(cursor: CheckpointCursor, now: datetime) -> bool:
    every = timedelta(seconds=settings.CHECKPOINT_SECONDS)
    return cursor.fenced_at is None or not cursor.fenced_at <= now < cursor.fenced_at + every


def _fenced(now: datetime) -> bool:
    """Put a fence behind the newest event; False if nothing is new or somebody else does it."""
    CheckpointCursor.objects.bulk_create([CheckpointCursor()], ignore_conflicts=True)
    with durable():
        cursor = CheckpointCursor.objects.select_for_update(skip_locked=True).first()
        if cursor is None or cursor.through < cursor.fence or not _is_due(cursor, now):
            return False
        cursor.fence, cursor.fence_xid = max(cursor.through, _newest_event()), _next_transaction()
        cursor.fenced_at = now
        cursor.save()
    return cursor.through < cursor.fence


def _page() -> int:
    with durable():
        cursor = CheckpointCursor.objects.select_for_update(skip_locked=True).first()
        if cursor is None or cursor.through >= cursor.fence or not _is_quiet(cursor):
            return 0
        moved = Event.objects.filter(pk__gt=cursor.through, pk__lte=cursor.fence).order_by("pk")
        rows = list(moved.values_list("intent__workspace_id", "intent_id", "seq", "hash", "pk")[:PAGE])
        after, cursor.through = cursor.through, rows[-1][-1] if rows else cursor.through
        if not rows:  # what was to be named has been archived meanwhile
            cursor.fence = cursor.through
        cursor.save()
        for workspace, heads in sorted(_heads(rows).items()):
            details = {"after": after, "through": cursor.through, "intents": heads}
            record_change(workspace, CHANGE, "server", details)
    return len(rows)


def _heads(rows: list[tuple[uuid.UUID, uuid.UUID, int, str, int]]) -> dict[uuid.UUID, list[Head]]:
    """Each intent's last event among the rows, by workspace."""
    last: dict[uuid.UUID, dict[uuid.UUID, Head]] = defaultdict(dict)
    for workspace, intent, seq, link, _ in rows:
        known = last[workspace].get(intent)
        if known is None or known[1] < seq:
            last[workspace][intent] = [str(intent), seq, link]
    return {workspace: list(heads.values()) for workspace, heads in last.items()}


def _newest_event() -> int:
    return int(Event.objects.aggregate(newest=Max("pk"))["newest"] or 0)


def _next_transaction() -> int:
    """Read after the newest event: whoever holds a lower id than that one's has a lower number than this."""
    return _transactions()[1] if connection.vendor == "postgresql" else 0


def _is_quiet(cursor: CheckpointCursor) -> bool:
    """True if nobody can still add an event up to the fence."""
    if connection.vendor != "postgresql":
        return True
    oldest, upcoming = _transactions()
    if cursor.fence_xid > upcoming:  # the database was restored into another server, which counts anew
        CheckpointCursor.objects.update(fence=cursor.through, fenced_at=None)
        return False
    return oldest >= cursor.fence_xid


def _transactions() -> tuple[int, int]:
    """The lowest number of a transaction that runs, and the number that the next one gets."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_snapshot_xmin(now.s)::text::bigint, pg_snapshot_xmax(now.s)::text::bigint "
            "FROM (SELECT pg_current_snapshot() AS s) AS now"
        )
        oldest, upcoming = cursor.fetchone()
    return oldest, upcoming
