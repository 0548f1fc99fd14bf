"""Reading inboxes: whose a caller may open, and what lies in them. Foreign and unknown threads answer alike.

An agent's key opens that agent's inbox. A person opens any of the workspace, as they see all its intents.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.db.models import F, Q, QuerySet

from intents.errors import Forbidden, Invalid, NotFound
from intents.ids import parse_id
from intents.lifecycle import FINAL, WaitingReason
from intents.models import Intent, Thread, ThreadEntry, ThreadReader, Workspace
from intents.principal import Principal
from intents.selectors import full_address, visible_intents
from intents.timeline import ThreadStatus

NO_THREAD = "There is no such thread."
NEWEST = 5
"""How many entries of each thread a list shows."""

_ASKED = Q(intent__waiting_reason=WaitingReason.HUMAN)
_OVER = Q(intent__status__in=FINAL)
STANDING = {
    ThreadStatus.DONE: _OVER,
    ThreadStatus.PENDING: ~_OVER & _ASKED,
    ThreadStatus.ACTIVE: ~_OVER & ~_ASKED,
}


def owner_meant(principal: Principal, asked: str) -> str:
    """The address whose inbox is meant; missing is the key's own agent, and "" for a person without one: any.

    Invalid if malformed. Forbidden for another workspace's, and for another agent's unless a person asks.
    """
    own = principal.agent.address if principal.agent else ""
    if principal.person is None:
        principal.require("work")
    address = full_address(Workspace.objects.get(pk=principal.workspace_id), asked) if asked else own
    if principal.person is None and address != own:
        raise Forbidden(f"This key opens the inbox of {own} alone.", code="not_your_inbox")
    return address


def inbox_meant(principal: Principal, asked: str) -> str:
    """The same where it has to be one inbox: a person names it."""
    address = owner_meant(principal, asked)
    if not address:
        raise Invalid("Name the agent whose inbox you mean as owner_agent.", code="owner_agent_required")
    return address


def reader_of(principal: Principal) -> str:
    """Who reads and writes: the person if there is one, else the agent."""
    return f"person:{principal.person.id}" if principal.person else principal.actor


def threads_in(principal: Principal, address: str) -> QuerySet[Thread]:
    """The threads that lie in this inbox now; in any of the workspace for ""."""
    rows = Thread.objects.filter(intent__workspace_id=principal.workspace_id)
    rows = rows.filter(inbox__address=address) if address else rows
    return rows.select_related("inbox", "intent", "intent__texts")


def thread_for(principal: Principal, address: str, thread_id: str) -> Thread:
    """The thread of this id, if it lies in this inbox. NotFound otherwise."""
    wanted = parse_id(thread_id)
    thread = threads_in(principal, address).filter(pk=wanted).first() if wanted else None
    if thread is None:
        raise NotFound(NO_THREAD, code="thread_not_found")
    return thread


def check_known(principal: Principal, address: str, thread_id: str) -> None:
    """NotFound unless this thread lies, or once lay, in this inbox: whoever handed it on may still repeat a request."""
    rows = ThreadEntry.objects.filter(inbox__workspace_id=principal.workspace_id, thread=parse_id(thread_id))
    if not (rows.filter(inbox__address=address) if address else rows).exists():
        raise NotFound(NO_THREAD, code="thread_not_found")


def newest(principal: Principal, address: str, status: str, limit: int) -> list[tuple[Thread, list[ThreadEntry]]]:
    """The threads that moved last, each with its newest entries."""
    rows = threads_in(principal, address)
    if status:
        rows = rows.filter(STANDING[ThreadStatus(status)])
    threads = list(rows.order_by("-updated_at", "-pk")[:limit])
    entries = ThreadEntry.objects.filter(thread__in=threads, position__gt=F("thread__last_position") - NEWEST)
    grouped = _by_thread(entries.select_related("message").order_by("position"))
    return [(thread, grouped.get(thread.pk, [])) for thread in threads]


def entries_of(thread: Thread) -> list[ThreadEntry]:
    """The whole timeline, in order."""
    return list(thread.entries.select_related("message").order_by("position"))


def entries_after(workspace_id: uuid.UUID, address: str, cursor: int, limit: int) -> list[ThreadEntry]:
    """What entered this inbox after `cursor`, in the order of commits, at most so many.

    Nothing ever enters behind an entry that could be read, so a reader that keeps its cursor misses nothing.
    """
    rows = ThreadEntry.objects.filter(inbox__workspace_id=workspace_id, inbox__address=address, cursor__gt=cursor)
    parents = ("message", "thread", "thread__inbox", "thread__intent", "thread__intent__texts")
    return list(rows.select_related(*parents).order_by("cursor")[:limit])


def readers_of(principal: Principal, threads: list[Thread]) -> dict[uuid.UUID, ThreadReader]:
    """What this reader has read and hidden, by thread."""
    rows = ThreadReader.objects.filter(thread__in=threads, reader=reader_of(principal))
    return {row.thread_id: row for row in rows}


def sees_all_of(principal: Principal, thread: Thread) -> bool:
    """True for whom the sender named, and for whoever sees the intent. A delegate may only read the verdict."""
    if principal.person is not None:
        return True
    if principal.agent is not None and principal.agent.address == thread.reply_to:
        return True
    return visible_intents(principal).filter(pk=thread.pk).exists()


def ending_of(intent: Intent) -> dict[str, Any]:
    """The terminal details as they were stored; {} if they are not there (any more)."""
    return dict(json.loads(intent.texts.result)) if intent.texts.result else {}


def _by_thread(entries: QuerySet[ThreadEntry]) -> dict[uuid.UUID, list[ThreadEntry]]:
    grouped: dict[uuid.UUID, list[ThreadEntry]] = {}
    for entry in entries:
        grouped.setdefault(entry.thread_id, []).append(entry)
    return grouped
