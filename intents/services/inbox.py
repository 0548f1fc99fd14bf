"""Putting things into inboxes: the answer to an intent, for the agent that its sender named in `reply_to`.

Runs under the intent's lock, in the very transaction of what it tells. Without a `reply_to` it costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from intents import nudges
from intents.errors import DomainError
from intents.inboxes import ending_of
from intents.lifecycle import is_final
from intents.models import Inbox, Intent, Thread, ThreadEntry, ThreadMessage, Workspace
from intents.selectors import full_address
from intents.services.lock import Locked
from intents.timeline import Kind, verdict_of

SERVER = "server"


@dataclass(frozen=True)
class Draft:
    """An entry to be: what it says, in which inbox. `message` and its `author` make it a message."""

    kind: Kind
    inbox: Inbox
    details: dict[str, Any] = field(default_factory=dict)
    message: str = ""
    author: str = ""


def tell_waiting(locked: Locked) -> None:
    """A gate has opened: whoever gets the answer sees that people are being asked."""
    gate_id = (locked.intent.pending_with or {}).get("ref")
    _tell(locked, Kind.WAITING, {"gate_id": gate_id})


def tell_end(locked: Locked) -> None:
    """The intent is over. Its thread gets this entry once: a final intent is never left."""
    _tell(locked, Kind.ENDED, {"intent_status": str(locked.intent.status)})


def append(locked: Locked, thread: Thread, actor: str, *drafts: Draft) -> None:
    """Add entries to the timeline. They take their places in the inboxes when the lock is given back."""
    first = thread.last_position + 1
    entries = [
        ThreadEntry(
            thread=thread,
            inbox=draft.inbox,
            position=position,
            kind=draft.kind,
            actor=actor[:255],
            at=locked.now,
            details=draft.details,
        )
        for position, draft in enumerate(drafts, first)
    ]
    messages = [
        ThreadMessage(entry=entry, author=draft.author, body=draft.message)
        for entry, draft in zip(entries, drafts, strict=True)
        if draft.message
    ]
    thread.last_position += len(drafts)
    thread.updated_at = locked.now
    thread.save()
    locked.at_last(lambda: _enter(entries, messages))


def inbox_of(workspace: Workspace, address: str) -> Inbox:
    """The inbox at this address, made if it is the first time. Ask for it before any inbox is locked."""
    inbox, _ = Inbox.objects.get_or_create(workspace=workspace, address=address)
    return inbox


def completion_delivery(intent: Intent) -> dict[str, Any]:
    """What became of the answer to `reply_to`, as `resolve` says it. Read from the rows."""
    address = reply_address(intent)
    if not address:
        return {"delivered": False, "reason": "reply_to_not_set"}
    if not is_final(intent.status):
        return {"delivered": False, "reason": "not_final", "reply_to": address}
    entry = ThreadEntry.objects.select_related("inbox").filter(thread_id=intent.pk, kind=Kind.ENDED).first()
    if entry is None:
        return {"delivered": False, "reason": "not_delivered", "reply_to": address}
    return {
        "delivered": True,
        "reply_to": address,
        "owner_agent": entry.inbox.address,
        "thread_id": str(intent.pk),
        "message_id": str(entry.pk),
        "completion": {"intent_status": intent.status, **verdict_of(ending_of(intent))},
    }


def purge_thread(intent: Intent, words: str) -> None:
    """Leave `words` where messages and notes stood. What of the answer is left is the intent's to say."""
    ThreadMessage.objects.filter(entry__thread_id=intent.pk).update(body=words)
    noted = ThreadEntry.objects.filter(thread_id=intent.pk, kind__in=(Kind.DELEGATED, Kind.RECEIVED))
    for entry in noted:
        if entry.details.get("note"):
            ThreadEntry.objects.filter(pk=entry.pk).update(details=entry.details | {"note": words})


def reply_address(intent: Intent) -> str:
    """Where the answer goes, in full; "" for nowhere. What was sent before it was checked may be no address."""
    wanted = intent.texts.request.get("reply_to")
    if not wanted:
        return ""
    try:
        return full_address(intent.workspace, wanted)
    except DomainError:
        return ""


def _tell(locked: Locked, kind: Kind, details: dict[str, Any]) -> None:
    address = reply_address(locked.intent)
    if address:
        thread = _thread(locked.intent, address, locked.now)
        append(locked, thread, SERVER, Draft(kind, thread.inbox, details))


def _thread(intent: Intent, address: str, now: datetime) -> Thread:
    thread = Thread.objects.select_related("inbox").filter(pk=intent.pk).first()
    if thread is not None:
        return thread
    inbox = inbox_of(intent.workspace, address)
    return Thread.objects.create(intent=intent, inbox=inbox, reply_to=address, created_at=now, updated_at=now)


def _enter(entries: list[ThreadEntry], messages: list[ThreadMessage]) -> None:
    """The inboxes' rows are locked, in one order, until the commit: so places follow the order of commits."""
    wanted = {entry.inbox_id for entry in entries}
    locked = Inbox.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    inboxes = {inbox.pk: inbox for inbox in locked}
    for entry in entries:
        inbox = inboxes[entry.inbox_id]
        inbox.cursor += 1
        entry.inbox, entry.cursor = inbox, inbox.cursor
    for inbox in inboxes.values():
        inbox.save(update_fields=["cursor"])
    ThreadEntry.objects.bulk_create(entries)
    ThreadMessage.objects.bulk_create(messages)
    nudges.after_commit(nudges.ANNOUNCE)
