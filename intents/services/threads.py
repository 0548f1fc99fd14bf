"""What agents and people do with a thread: reply, hand it on, read, take messages away, and, people only, decide.

Each act runs under the lock of the thread's intent. None of them moves a right to decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from intents.addresses import matches
from intents.errors import Conflict, Forbidden, NotFound
from intents.inboxes import entries_of, reader_of, thread_for
from intents.lifecycle import StepStatus, is_final
from intents.models import Thread, ThreadEntry, ThreadMessage, ThreadReader
from intents.ports import human_kind
from intents.principal import Principal
from intents.selectors import agent_for
from intents.services.inbox import Draft, append, inbox_of
from intents.services.lock import Locked, locked_intent
from intents.timeline import Kind

MOST_ENTRIES = 200
"""A longer timeline takes no more replies and is not handed on."""


@dataclass(frozen=True)
class Caller:
    """Who acts, on a thread in which inbox; "" is any of the workspace (intents.inboxes.owner_meant)."""

    principal: Principal
    address: str

    @property
    def reader(self) -> str:
        """Their name as reader and author."""
        return reader_of(self.principal)


@dataclass(frozen=True)
class Chosen:
    """Messages to take away: these, or the newest so many. `both` is for everybody, else for the caller alone."""

    both: bool
    ids: tuple[str, ...] = ()
    limit: int = 100


def reply(caller: Caller, thread_id: str, message: str) -> None:
    """Add a message. Conflict if the timeline is full."""
    with _held(caller, thread_id) as (locked, thread):
        _check_room(thread)
        draft = Draft(Kind.REPLY, thread.inbox, message=message, author=caller.reader)
        append(locked, thread, caller.principal.actor, draft)
        _mark_read(thread, caller)


def delegate(caller: Caller, thread_id: str, to: str, note: str) -> None:
    """Hand the thread to another agent of the workspace: from now on it lies in that inbox, and in no other."""
    agent = agent_for(caller.principal, to)
    key = caller.principal.key
    if caller.principal.person is None and key is not None and key.targets and not matches(key.targets, agent.address):
        raise Forbidden(f"This key may not send to {agent.address}.", code="target_not_allowed")
    with _held(caller, thread_id) as (locked, thread):
        old = thread.inbox
        if old.address == agent.address:
            raise Conflict(f"{agent.address} has this thread already.", code="already_the_owner")
        _check_room(thread)
        thread.inbox = inbox_of(agent.workspace, agent.address)
        moved = {"from": old.address, "to": agent.address, "note": note}
        drafts = Draft(Kind.DELEGATED, old, moved), Draft(Kind.RECEIVED, thread.inbox, moved)
        append(locked, thread, caller.principal.actor, *drafts)


def mark_read(caller: Caller, thread_id: str) -> None:
    """The caller has read all of it. This is nobody else's business and leaves no entry."""
    with _held(caller, thread_id) as (_, thread):
        _mark_read(thread, caller)


def delete_messages(caller: Caller, thread_id: str, chosen: Chosen) -> list[str]:
    """Hide messages from oneself, or take one's own away from everybody; the ids of those that this did.

    NotFound if an id is no message of the thread, Forbidden for `both` on somebody else's; nothing happens then.
    """
    with _held(caller, thread_id) as (locked, thread):
        row, _ = ThreadReader.objects.get_or_create(thread=thread, reader=caller.reader)
        messages = _chosen(entries_of(thread), chosen, caller, row)
        ids = [str(entry.pk) for entry in messages]
        if chosen.both:
            ThreadMessage.objects.filter(entry__in=messages).update(deleted_at=locked.now)
            if ids:
                details = {"mode": "both", "message_ids": ids}
                append(locked, thread, caller.principal.actor, Draft(Kind.MESSAGES_DELETED, thread.inbox, details))
        else:
            row.hidden = [*row.hidden, *ids]
            row.save(update_fields=["hidden"])
    return ids


def decide_gate(caller: Caller, thread_id: str, answer: dict[str, Any]) -> dict[str, Any]:
    """A person's `decision` on the gate at which the thread's intent waits, like everywhere; never a machine's."""
    thread = thread_for(caller.principal, caller.address, thread_id)
    if caller.principal.person is None:
        raise Forbidden("Only a person decides: send a personal token as Authorization: Bearer.", code="human_step")
    if is_final(thread.intent.status):
        raise Conflict(f"This intent is already {thread.intent.status}.", code="already_terminal")
    gates = [step for step in thread.intent.steps.all() if step.kind == "human"]
    step = next((gate for gate in gates if gate.status == StepStatus.CURRENT), None)
    if step is None:
        raise Conflict("Nobody is being asked anything on this intent right now.", code="not_waiting")
    if len(gates) > 1 and not (answer.get("gate_id") or answer.get("digest")):
        _refuse_nameless(thread)
    return human_kind().resume(step, caller.principal, answer)


def _refuse_nameless(thread: Thread) -> None:
    """What a person saw may have been decided by others since; their word must not fall on the next gate."""
    gate_id = (thread.intent.pending_with or {}).get("ref")
    words = "This intent has several gates: name the one that you saw as gate_id, or send its digest."
    raise Conflict(words, code="gate_id_required", details={"gate_id": gate_id})


@contextmanager
def _held(caller: Caller, thread_id: str) -> Iterator[tuple[Locked, Thread]]:
    """The thread under its intent's lock. It is looked up before, so that strangers lock nothing, and again after."""
    thread = thread_for(caller.principal, caller.address, thread_id)
    with locked_intent(thread.pk) as locked:
        yield locked, thread_for(caller.principal, caller.address, thread_id)


def _check_room(thread: Thread) -> None:
    """What is written after a purge would stay for ever."""
    if thread.intent.texts.purged_at is not None:
        raise Conflict("The texts of this intent were purged: nothing is added to its thread.", code="intent_purged")
    if thread.last_position >= MOST_ENTRIES:
        raise Conflict(f"This thread has {MOST_ENTRIES} entries and takes no more.", code="thread_full")


def _mark_read(thread: Thread, caller: Caller) -> None:
    read = {"read_to": thread.last_position}
    ThreadReader.objects.update_or_create(thread=thread, reader=caller.reader, defaults=read)


def _chosen(entries: list[ThreadEntry], chosen: Chosen, caller: Caller, row: ThreadReader) -> list[ThreadEntry]:
    """Those that are meant and still there, in the order of the timeline."""
    messages = [entry for entry in entries if entry.kind in (Kind.REPLY, Kind.ENDED)]
    if chosen.ids:
        return _named(messages, chosen, caller, row)
    free = [entry for entry in messages if _is_there(entry, row) and (not chosen.both or _is_own(entry, caller))]
    return free[-chosen.limit :]


def _named(messages: list[ThreadEntry], chosen: Chosen, caller: Caller, row: ThreadReader) -> list[ThreadEntry]:
    named = [entry for entry in messages if str(entry.pk) in chosen.ids]
    if len(named) < len(set(chosen.ids)):
        raise NotFound("There is no such message in this thread.", code="message_not_found")
    if chosen.both and not all(_is_own(entry, caller) for entry in named):
        raise Forbidden("Only its author takes a message away from everybody.", code="not_your_message")
    return [entry for entry in named if _is_there(entry, row)]


def _is_there(entry: ThreadEntry, row: ThreadReader) -> bool:
    gone = entry.kind == Kind.REPLY and entry.message.deleted_at is not None
    return not gone and str(entry.pk) not in row.hidden


def _is_own(entry: ThreadEntry, caller: Caller) -> bool:
    return entry.kind == Kind.REPLY and entry.message.author == caller.reader
