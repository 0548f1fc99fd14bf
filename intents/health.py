"""How late the clock is. One number tells: the age of the oldest row that should have been handled by now."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Min

from intents.models import Intent, Outbox


def overdue_seconds(now: datetime) -> float:
    """How long the longest overdue intent has been due; 0.0 if none is. Backing off hides nothing."""
    due = Intent.objects.filter(wake_at__lte=now).aggregate(at=Min("wake_at"))["at"]
    failing = Intent.objects.filter(due_since__isnull=False).aggregate(at=Min("due_since"))["at"]
    return age(now, due, failing)


def untold_seconds(now: datetime) -> float:
    """How long the oldest event that should have been announced by now has been waiting."""
    rows = Outbox.objects.filter(not_before__lte=now)
    return age(now, rows.aggregate(at=Min("not_before"))["at"])


def cannot_be_woken() -> int:
    """Intents whose handling keeps failing."""
    return Intent.objects.filter(due_since__isnull=False).count()


def age(now: datetime, *moments: datetime | None) -> float:
    """Seconds since the earliest of the moments that are known; 0.0 without any."""
    return max([0.0, *((now - moment).total_seconds() for moment in moments if moment is not None)])
