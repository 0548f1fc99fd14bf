"""Short words of the bot to somebody, mostly about what they typed: queued, said later, never the same ones often."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from slack_sdk import WebClient

from intents import clock, nudges
from intents.prepared import Prepared
from intents.services.durable import durable
from notifications.models import SlackInstallation, SlackNote
from notifications.sealing import Unreadable
from notifications.slack.client import client_of
from notifications.slack.faults import FAULTS, fate_of
from notifications.slack.kept import keep_nudge
from notifications.slack.lanes import enter
from notifications.slack.notewords import place_of, words_of

log = logging.getLogger(__name__)
AGAIN = timedelta(seconds=20)
MOST_TRIES = 3
SECONDS = 3
LOOKED_AT = 20
_ANY = Prepared(lambda now: SlackNote.objects.filter(due_at__lte=now)[:1])


@dataclass(frozen=True)
class Note:
    """What kind of answer, to whom and where. `pause`: for how long the same one is not given again."""

    kind: str
    user_id: str
    channel: str
    pause: timedelta
    thread_ts: str = ""
    gate_id: UUID | None = None

    @property
    def key(self) -> str:
        """The same one is about the same gate, to the same user."""
        return f"{self.kind}:{self.user_id}:{self.gate_id.hex if self.gate_id else ''}"


def queue_note(installation: SlackInstallation, note: Note) -> None:
    """Inside `durable()`. Nothing if the same one was given within its pause."""
    now = clock.now()
    key = f"{installation.team_id}:{note.key}"
    said: dict[str, Any] = {
        "installation": installation,
        "kind": note.kind,
        "user_id": note.user_id,
        "channel": note.channel,
        "thread_ts": note.thread_ts,
        "gate_id": note.gate_id,
        "at": now,
        "due_at": now,
        "attempt": 0,
    }
    _, is_new = SlackNote.objects.get_or_create(key=key, defaults=said)
    if is_new or SlackNote.objects.filter(key=key, at__lte=now - note.pause).update(**said):
        nudges.after_commit(nudges.DELIVER)


def say_notes_due(limit: int = 10) -> int:
    """Say up to `limit` of them. Returns how many were tried."""
    for number in range(limit):
        row = _claim(clock.now())
        if row is None:
            return number
        _say(row)
    return limit


def _claim(now: datetime) -> SlackNote | None:
    """One whose user has not had a message just now."""
    if not _ANY(now=now):
        return None
    with durable():
        due = SlackNote.objects.filter(due_at__lte=now)
        for each in due.order_by("due_at").select_related("installation")[:LOOKED_AT]:
            if not enter(f"{each.installation.team_id}/{each.user_id}", now):
                continue
            locked = due.filter(pk=each.pk).select_for_update(skip_locked=True, of=("self",))
            row = locked.select_related("installation").first()
            if row is not None:
                row.attempt += 1
                row.due_at = now + AGAIN if row.attempt < MOST_TRIES else None
                row.save(update_fields=["attempt", "due_at"])
                return row
    return None


def _say(row: SlackNote) -> None:
    try:
        _post(client_of(row.installation, SECONDS), row)
    except (*FAULTS, Unreadable) as error:
        why = str(error) if isinstance(error, Unreadable) else fate_of(error).why
        log.info("slack note not said", extra={"note": row.key, "why": why})
        return
    SlackNote.objects.filter(pk=row.pk, attempt=row.attempt).update(due_at=None)


def _post(client: WebClient, row: SlackNote) -> None:
    """In a channel nobody else sees it."""
    words, thread = words_of(row), row.thread_ts or None
    channel = row.channel or client.conversations_open(users=row.user_id)["channel"]["id"]
    said: dict[str, Any] = {"channel": channel, "text": words.card.text, "blocks": list(words.card.blocks)}
    if not row.is_private:
        client.chat_postEphemeral(**said, user=row.user_id, thread_ts=thread)
        return
    posted = client.chat_postMessage(**said, thread_ts=thread, unfurl_links=False, unfurl_media=False)
    if words.under:
        keep_nudge(words.under, place_of(row), str(posted["ts"]), words.card)
