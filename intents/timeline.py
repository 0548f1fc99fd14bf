"""The words of an inbox thread: what its entries say, how it stands, and what of an answer everybody may read. Pure."""

from __future__ import annotations

import re
from typing import Any

from django.db import models

from intents.lifecycle import WaitingReason, is_final


class Kind(models.TextChoices):
    """The kinds of timeline entries; on the wire each begins with `inbox.`."""

    WAITING = "waiting"
    ENDED = "ended"
    REPLY = "reply"
    DELEGATED = "delegated"
    RECEIVED = "received"
    MESSAGES_DELETED = "messages_deleted"


class ThreadStatus(models.TextChoices):
    """PENDING: a person is being asked. ACTIVE: it goes on without one. DONE: the intent is over."""

    PENDING = "pending"
    ACTIVE = "active"
    DONE = "done"


VERDICT = ("approved", "outcome", "reason", "decided_at", "at", "url")
"""What of the terminal details tells neither what was asked nor what an agent or a person said."""

CREATED, UPDATED, REPLIED = "inbox.thread_created", "inbox.thread_updated", "inbox.reply_received"
_CURSOR = re.compile(r"^c([0-9]{12,18})$")


def notice_of(kind: str, position: int) -> str:
    """The name of the notice that this entry is to whoever watches its inbox."""
    if kind == Kind.REPLY:
        return REPLIED
    return CREATED if kind == Kind.RECEIVED or position == 1 else UPDATED


def status_of(intent_status: str, waiting_reason: str) -> ThreadStatus:
    """How a thread stands: it follows its intent."""
    if is_final(intent_status):
        return ThreadStatus.DONE
    return ThreadStatus.PENDING if waiting_reason == WaitingReason.HUMAN else ThreadStatus.ACTIVE


def verdict_of(details: dict[str, Any]) -> dict[str, Any]:
    """The terminal details with every key, and everything but the verdict left empty."""
    return {name: value if name in VERDICT else _empty(value) for name, value in details.items()}


def cursor_text(number: int) -> str:
    """A place in an inbox as the wire writes it."""
    return f"c{number:012d}"


def cursor_number(text: str) -> int | None:
    """The place that this text names, or None."""
    match = _CURSOR.match(text)
    return int(match[1]) if match else None


def _empty(value: Any) -> Any:
    for kind, empty in ((str, ""), (list, []), (dict, {})):
        if isinstance(value, kind):
            return empty
    return None
