"""A play, told: what happened when, whom which channel told, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from approvals.views.history import history_of
from intents.models import Event, Intent
from notifications.models import Delivery, DeliveryStatus
from notifications.readers import names_of
from notifications.rehearsal.moments import in_words
from notifications.rehearsal.script import Act

EVENT, MESSAGE, REFUSED = "event", "message", "refused"


@dataclass(frozen=True)
class Line:
    """One line: an event of the history, a message to somebody, or an act that was refused.

    `name` is the event's type or the message's purpose; `who` and `channel` are of messages alone.
    """

    at: datetime
    kind: str
    name: str
    text: str
    who: str = ""
    channel: str = ""


@dataclass(frozen=True)
class Played:
    """`status` and `outcome` are those of the end, or of the moment at which it was broken off (`is_whole` False)."""

    began: datetime
    lines: tuple[Line, ...]
    status: str
    outcome: str
    summary: str
    plan: dict[str, Any]
    warnings: tuple[str, ...]
    is_whole: bool


def played(intent: Intent, began: datetime, acts: Iterable[Line], *, is_whole: bool) -> Played:
    """What the rows tell now."""
    result = json.loads(intent.texts.result or "{}")
    lines = [*_events(intent), *_messages(intent), *acts]
    return Played(
        began=began,
        lines=tuple(sorted(lines, key=lambda line: line.at)),
        status=intent.status,
        outcome=str(result.get("outcome") or ""),
        summary=str(result.get("summary") or ""),
        plan=intent.texts.plan,
        warnings=tuple(intent.texts.warnings),
        is_whole=is_whole,
    )


def lines_of_acts(act: Act, at: datetime, said: str, *, was_taken: bool) -> list[Line]:
    """An act that was taken is an event already."""
    return [] if was_taken else [Line(at, REFUSED, act.does, f"{act.who} tries to {act.does}: {said}", act.who)]


def in_text(play: Played, zone: ZoneInfo) -> str:
    """The timeline for people: the time of day in this zone, how long after the beginning, and what."""
    days: list[str] = []
    rows: list[str] = []
    for line in play.lines:
        local = line.at.astimezone(zone)
        day = f"{local:%A, %d %B %Y} ({zone.key})"
        if day not in days:
            days.append(day)
            rows.append(day)
        mark = "    -> " if line.kind == MESSAGE else "  "
        rows.append(f"  {local:%H:%M:%S}  {in_words(line.at - play.began):>9}{mark}{line.text}")
    return "\n".join([*rows, "", ending(play)])


def ending(play: Played) -> str:
    """The last line: how it ends, or that it is not over."""
    if not play.is_whole:
        return f"Broken off here: it is still {play.status}."
    return f"Ends {play.status}{f' ({play.outcome})' if play.outcome else ''}. {play.summary}".rstrip()


def _events(intent: Intent) -> list[Line]:
    types = dict(Event.objects.filter(intent=intent).values_list("seq", "event_type"))
    return [
        Line(entry.at, EVENT, types[entry.seq], f"{entry.text} {entry.quote}".rstrip()) for entry in history_of(intent)
    ]


def _messages(intent: Intent) -> list[Line]:
    rows = list(Delivery.objects.filter(intent=intent, status=DeliveryStatus.SENT).order_by("settled_at", "pk"))
    name_of = names_of(rows)
    return [
        Line(
            row.settled_at or row.created_at,
            MESSAGE,
            row.purpose,
            f"{row.purpose} to {name_of(row)} by {row.channel}",
            name_of(row),
            row.channel,
        )
        for row in rows
    ]
