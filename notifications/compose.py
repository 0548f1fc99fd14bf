"""From a case to the content of its message, whatever the channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from notifications import acts, asks, changes, closing, digest, informing, news
from notifications.case import Case
from notifications.content import Content
from notifications.models import Purpose

WRITERS: Mapping[str, Callable[[Case], Content]] = {
    Purpose.REQUEST: asks.ask,
    Purpose.REMINDER: asks.ask,
    Purpose.ESCALATION: asks.ask,
    Purpose.WARNING: asks.ask,
    Purpose.DELEGATION: asks.ask,
    Purpose.OUTCOME: news.outcome,
    Purpose.CLOSED: closing.note,
    Purpose.WAITING: news.waiting,
    Purpose.NOTIFICATION: news.notification,
    Purpose.INFORM: informing.note,
    Purpose.DIGEST: digest.digest,
    Purpose.QUESTION: acts.question,
    Purpose.ANSWER: acts.answer,
    Purpose.EXTENSION: acts.extension,
    Purpose.GLASS: acts.glass,
    Purpose.CHANGED: changes.changed,
    Purpose.WANTED: changes.wanted,
}


def compose(case: Case) -> Content:
    """What this message says now."""
    return WRITERS[case.delivery.purpose](case)
