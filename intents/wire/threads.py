"""Threads on the wire: what their endpoints take, and how a thread looks to its reader."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from intents.clock import iso
from intents.errors import Invalid
from intents.ids import parse_id
from intents.inboxes import ending_of, entries_of, readers_of, sees_all_of
from intents.models import Thread, ThreadEntry, ThreadReader
from intents.principal import Principal
from intents.receiptreads import token_for
from intents.services.threads import Chosen
from intents.timeline import Kind, ThreadStatus, status_of, verdict_of
from intents.wire.create import StrictInteger, StrictText
from intents.wire.shapes import ID, MAP, STATUS, TEXT, TIME, WHOLE, many, named, obj, one_of

ENTRY = named("ThreadEntry", obj(event_id=ID, event_type=TEXT, actor=TEXT, at=TIME, details=MAP))
THREAD = named(
    "Thread",
    obj(
        thread_id=ID,
        intent_id=ID,
        status=one_of(*ThreadStatus.values),
        intent_status=STATUS,
        owner_agent=TEXT,
        from_agent=TEXT,
        to_agent=TEXT,
        created_at=TIME,
        updated_at=TIME,
        entries=WHOLE,
        unread=WHOLE,
        timeline=many(ENTRY),
    ),
)
MESSAGE_LIMIT = 4000
NOTE_LIMIT = 2000


class ReplyBody(serializers.Serializer[dict[str, Any]]):
    """A message."""

    message = StrictText(max_length=MESSAGE_LIMIT, trim_whitespace=False)


class DelegateBody(serializers.Serializer[dict[str, Any]]):
    """To whom, and why."""

    delegate_to = StrictText(min_length=2, max_length=383)
    note = StrictText(max_length=NOTE_LIMIT, required=False, allow_blank=True, allow_null=True)


class DecideBody(serializers.Serializer[dict[str, Any]]):
    """A person's word beside their yes or no; `digest` binds it to what they were shown, `gate_id` to the gate."""

    comment = StrictText(max_length=2000, required=False, allow_blank=True, allow_null=True)
    digest = StrictText(max_length=71, required=False, allow_blank=True, allow_null=True)
    gate_id = StrictText(max_length=64, required=False, allow_blank=True, allow_null=True)


class ReadBody(serializers.Serializer[dict[str, Any]]):
    """Nothing is needed."""


class DeleteBody(serializers.Serializer[dict[str, Any]]):
    """Which messages, and for whom."""

    mode = serializers.ChoiceField(choices=("self", "both"))
    message_ids = serializers.ListField(
        child=StrictText(max_length=64), min_length=1, max_length=100, required=False, allow_null=True
    )
    limit = StrictInteger(min_value=1, max_value=100, required=False, allow_null=True)


def chosen_of(data: dict[str, Any]) -> Chosen:
    """What a checked DeleteBody means. Invalid if it names messages and a number."""
    both = data["mode"] == "both"
    ids, limit = data.get("message_ids"), data.get("limit")
    if ids and limit:
        raise Invalid("Send message_ids or limit, not both.", code="schema_invalid")
    if ids:
        return Chosen(both, tuple(str(parse_id(text) or text) for text in ids))
    return Chosen(both, limit=limit or 100)


def thread_json(principal: Principal, thread: Thread) -> dict[str, Any]:
    """The thread in full: its whole timeline and, for whoever may see the intent, the terminal details."""
    row = readers_of(principal, [thread]).get(thread.pk)
    answer = _answer_for(principal, thread) if sees_all_of(principal, thread) else None
    return _shown(thread, entries_of(thread), row, answer)


def threads_json(principal: Principal, threads: Sequence[tuple[Thread, list[ThreadEntry]]]) -> list[dict[str, Any]]:
    """Threads as lists show them: these of their entries, and of an answer the verdict."""
    rows = readers_of(principal, [thread for thread, _ in threads])
    return [_shown(thread, entries, rows.get(thread.pk), None) for thread, entries in threads]


def _answer_for(principal: Principal, thread: Thread) -> dict[str, Any]:
    """The terminal details as the events show them to this reader, the receipt's token included."""
    ending = ending_of(thread.intent)
    if ending.get("receipt_id"):
        ending["receipt"] = token_for(principal, ending["receipt_id"])
    return ending


def _shown(
    thread: Thread, entries: list[ThreadEntry], row: ThreadReader | None, answer: dict[str, Any] | None
) -> dict[str, Any]:
    """One thread with these entries, for the reader of this row; without `answer` they read the verdict."""
    intent = thread.intent
    return {
        "thread_id": str(thread.pk),
        "intent_id": str(thread.pk),
        "status": str(status_of(intent.status, intent.waiting_reason)),
        "intent_status": intent.status,
        "owner_agent": thread.inbox.address,
        "from_agent": intent.to_agent,
        "to_agent": thread.reply_to,
        "created_at": iso(thread.created_at),
        "updated_at": iso(thread.updated_at),
        "entries": thread.last_position,
        "unread": thread.last_position - (row.read_to if row else 0),
        "timeline": [_entry(entry, thread, row.hidden if row else [], answer) for entry in entries],
    }


def _entry(entry: ThreadEntry, thread: Thread, hidden: list[str], answer: dict[str, Any] | None) -> dict[str, Any]:
    gone = "self" if str(entry.pk) in hidden else None
    if entry.kind == Kind.ENDED:
        said = _end(entry, thread, gone, answer)
    else:
        said = _message(entry, gone) if entry.kind == Kind.REPLY else {}
    return {
        "event_id": str(entry.pk),
        "event_type": f"inbox.{entry.kind}",
        "actor": entry.actor,
        "at": iso(entry.at),
        "details": entry.details | said,
    }


def _end(entry: ThreadEntry, thread: Thread, gone: str | None, answer: dict[str, Any] | None) -> dict[str, Any]:
    seen = verdict_of(ending_of(thread.intent)) if answer is None else answer
    completion = None if gone else seen
    return {"message_id": str(entry.pk), "completion": completion, "withheld": answer is None, "deleted": gone}


def _message(entry: ThreadEntry, gone: str | None) -> dict[str, Any]:
    """What was taken away or hidden leaves an empty place."""
    gone = "both" if entry.message.deleted_at else gone
    return {"message_id": str(entry.pk), "message": None if gone else entry.message.body, "deleted": gone}
