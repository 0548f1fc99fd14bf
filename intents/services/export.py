"""Reading a workspace's history out: in short reads, in one order, in constant memory. Each export is recorded."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from intents import clock
from intents.models import Event, Intent, Workspace
from intents.services.changes import record_change
from intents.services.durable import durable
from intents.wire.export import HEADS, LINES, row_of

PAGE = 100  # events in one read: texts may be large
INTENTS = 100
LARGEST_TEXT = 4 * 1024 * 1024


@dataclass(frozen=True)
class Place:
    """The event after which to go on."""

    intent_id: uuid.UUID
    seq: int


@dataclass(frozen=True)
class Export:
    """What is read: a workspace's events with `since` <= `at` < `until`, by intents' ids and then `seq`."""

    workspace: Workspace
    form: str
    since: datetime | None = None
    until: datetime | None = None

    def line(self, event: Event) -> str:
        """The event as it stands in the file."""
        return LINES[self.form](row_of(event, str(self.workspace)))

    def recorded(self, actor: str, count: int, digest: str, **more: Any) -> None:
        """Enter into the workspace's chain what left the house, and who has it."""
        span = {"since": clock.iso(self.since), "until": clock.iso(self.until)}
        details = {"format": self.form, **span, "count": count, "sha256": digest, **more}
        with durable():
            record_change(self.workspace.pk, "history.exported", actor, details)


@dataclass(frozen=True)
class Page:
    """A piece of an export. `next` is None at the end."""

    text: str
    count: int
    next: Place | None

    @property
    def digest(self) -> str:
        """SHA-256 of the text, in hex."""
        return sha256(self.text.encode()).hexdigest()


def events(export: Export, after: Place | None = None) -> Iterator[Event]:
    """All of them from there on. No transaction is open between two, nor longer than one read of a page."""
    page = _following(export, after)
    while page:
        yield from page
        page = _following(export, Place(page[-1].intent_id, page[-1].seq))


def page_of(export: Export, after: Place | None, most: int) -> Page:
    """Up to `most` events and about 4 MiB, whichever is less, but at least one if there is one."""
    lines, size, place = [HEADS[export.form]] if after is None else [], 0, after
    count = 0
    for event in events(export, after):
        if count == most or size >= LARGEST_TEXT:
            return Page("".join(lines), count, place)
        lines.append(export.line(event))
        size, count, place = size + len(lines[-1]), count + 1, Place(event.intent_id, event.seq)
    return Page("".join(lines), count, None)


def _following(export: Export, after: Place | None) -> list[Event]:
    """The next events, none only at the end. An event that is written behind this place meanwhile is not among them."""
    while True:
        ids = _intents(export, after)
        found = list(_within(export, ids, after)[:PAGE])
        if found or len(ids) < INTENTS:
            return found
        after = Place(ids[-1], 2**31 - 1)


def _intents(export: Export, after: Place | None) -> list[uuid.UUID]:
    rows = Intent.objects.filter(workspace=export.workspace)
    if after:
        rows = rows.filter(pk__gte=after.intent_id)
    if export.since:
        rows = rows.filter(last_at__gte=export.since)
    if export.until:
        rows = rows.filter(created_at__lt=export.until)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:INTENTS])


def _within(export: Export, intents: list[uuid.UUID], after: Place | None) -> Any:
    rows = Event.objects.filter(intent_id__in=intents).select_related("text", "intent")
    if after:
        rows = rows.exclude(intent_id=after.intent_id, seq__lte=after.seq)
    if export.since:
        rows = rows.filter(at__gte=export.since)
    if export.until:
        rows = rows.filter(at__lt=export.until)
    return rows.order_by("intent_id", "seq")
