"""When a gate reminds and escalates: (terms, progress, now) -> (what to do, new progress). Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

SHORTEST_INTERVAL = 60
MOST_REMINDERS = 20
DEFAULT_REMINDERS = 3
LATE = timedelta(minutes=5)


@dataclass(frozen=True)
class Chain:
    """Seconds and counts. Without `remind_after` nobody is reminded; without `escalate_to` nobody else is told."""

    remind_after: int | None = None
    remind_interval: int | None = None
    max_reminders: int = DEFAULT_REMINDERS
    escalate_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress:
    """How far the chain has come. `next_at` is when its next step is due, None when there is none left.

    `skipped` reminders are counted in `reminders` already and wait to be told with the next one that is sent.
    """

    reminders: int = 0
    escalated: bool = False
    next_at: datetime | None = None
    skipped: int = 0


@dataclass(frozen=True)
class Due:
    """What to do now. `skipped` counts the reminders that an outage swallowed; they are recorded, not sent."""

    remind: int = 0
    escalate: bool = False
    skipped: int = 0


def start(chain: Chain, opened_at: datetime) -> Progress:
    """The progress of a gate that opens now. With `escalate_to` and no reminders, the chain waits for nothing."""
    if chain.remind_after is None:
        return Progress()
    return Progress(next_at=opened_at + timedelta(seconds=chain.remind_after))


def advance(chain: Chain, progress: Progress, now: datetime, spread: float = 0.0) -> tuple[Due, Progress]:
    """One step of the chain, at most: what was missed collapses into the current one.

    `spread` (seconds) moves the reminder after a long outage, so that not everybody is reminded in one second.
    """
    if progress.next_at is None or now < progress.next_at:
        return Due(), progress
    if progress.reminders >= chain.max_reminders:
        escalate = bool(chain.escalate_to) and not progress.escalated
        return Due(escalate=escalate), replace(progress, escalated=True, next_at=None)
    late = now - progress.next_at
    progress = _without_missed(chain, progress, late)
    if late > LATE and spread > 0:
        return Due(), replace(progress, next_at=now + timedelta(seconds=spread))
    return _remind(chain, progress, now)


def _without_missed(chain: Chain, progress: Progress, late: timedelta) -> Progress:
    """All reminders that should have been sent by now but one count as skipped."""
    missed = min(int(late / _interval(chain)), chain.max_reminders - progress.reminders - 1)
    return replace(progress, reminders=progress.reminders + missed, skipped=progress.skipped + missed)


def _remind(chain: Chain, progress: Progress, now: datetime) -> tuple[Due, Progress]:
    number = progress.reminders + 1
    more = number < chain.max_reminders or (bool(chain.escalate_to) and not progress.escalated)
    next_at = now + _interval(chain) if more else None
    return Due(number, skipped=progress.skipped), replace(progress, reminders=number, skipped=0, next_at=next_at)


def _interval(chain: Chain) -> timedelta:
    return timedelta(seconds=chain.remind_interval or chain.remind_after or SHORTEST_INTERVAL)
