"""When a chain is due: (chain, times, progress, now) -> (what to do, new progress). Pure.

1. A step begins `after` seconds after the one before it began; its clock starts when its first message was sent, or
   after five minutes. While it is the current one, its people are reminded.
2. What an outage swallowed collapses into the current step or reminder, and is named as skipped. After a long one the
   first message waits a moment of its own, so that not everybody is told in one second.
3. Moments out of business hours wait for the next opening. The warning before the end does not.
4. At most 20 reminders for a gate, at least a minute apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from approvals.chains.body import MOST_REMINDERS, SHORTEST_INTERVAL, Chain

LATE = timedelta(minutes=5)
TOLD_WITHIN = timedelta(minutes=5)
LOOK_AGAIN = timedelta(seconds=30)
APART = timedelta(seconds=SHORTEST_INTERVAL)
BEFORE_THE_END = timedelta(minutes=1)
MOMENT = timedelta(seconds=1)


@dataclass(frozen=True)
class Times:
    """When the gate ends, and when people are warned of that, if they are."""

    expires_at: datetime
    warn_at: datetime | None = None


@dataclass(frozen=True)
class Progress:
    """How far a chain has come. `place` counts steps over all rounds; -1: the first waits since `entered_at`.

    `began_at`: when the step's clock started, None until somebody was told. `reminded`: reminders of this step, sent
    or skipped. `reminders`: those that were sent for the whole gate. `put_off`: by how many seconds the next step waits
    longer.
    """

    entered_at: datetime
    place: int = -1
    began_at: datetime | None = None
    reminded: int = 0
    reminded_at: datetime | None = None
    reminders: int = 0
    put_off: int = 0
    spread: bool = False
    warned: bool = False
    last_resort: bool = False
    next_at: datetime | None = None


@dataclass(frozen=True)
class Due:
    """What to do now: at most one of a step that begins (its place) and a reminder (its number), and the warning.

    `skipped` are the places that an outage swallowed, `missed` the reminders.
    """

    place: int | None = None
    skipped: tuple[int, ...] = ()
    remind: int = 0
    missed: int = 0
    warn: bool = False


def start(chain: Chain, times: Times, now: datetime, earlier: Progress | None = None) -> tuple[Due, Progress]:
    """Begin at the first step, which may have to wait. What was sent before, in `earlier`, still counts."""
    fresh = Progress(entered_at=now, began_at=now, next_at=now)
    if earlier is not None:
        fresh = replace(fresh, reminders=earlier.reminders, reminded_at=earlier.reminded_at, warned=earlier.warned)
    elif times.warn_at is not None and times.warn_at <= now:
        fresh = replace(fresh, warned=True)
    return advance(chain, times, fresh, now)


def advance(
    chain: Chain,
    times: Times,
    progress: Progress,
    now: datetime,
    *,
    told_at: datetime | None = None,
    spread: float = 0.0,
) -> tuple[Due, Progress]:
    """Take what is due. `told_at`: when the current step's first message was sent, as far as that is known."""
    if progress.next_at is None or now < progress.next_at:
        return Due(), progress
    later = now + timedelta(seconds=spread)
    if spread and not progress.spread and now - progress.next_at > LATE and later < times.expires_at:
        return Due(), replace(progress, spread=True, next_at=later)
    progress = replace(begun(progress, now, told_at), spread=False)
    warn = not progress.warned and times.warn_at is not None and now >= times.warn_at
    due, progress = _step_or_reminder(chain, times, progress, now)
    return replace(due, warn=warn), scheduled(chain, times, replace(progress, warned=progress.warned or warn), now)


def begun(progress: Progress, now: datetime, told_at: datetime | None) -> Progress:
    """The step's clock starts with its first message, or five minutes after the step."""
    if progress.began_at is not None:
        return progress
    latest = progress.entered_at + TOLD_WITHIN
    if told_at is not None and progress.entered_at <= told_at < latest:
        return replace(progress, began_at=told_at)
    return replace(progress, began_at=latest) if now >= latest else progress


def entered(progress: Progress, place: int, now: datetime) -> Progress:
    """At the beginning of this step: its people are being told."""
    return replace(progress, place=place, entered_at=now, began_at=None, reminded=0, put_off=0)


def put_off(chain: Chain, times: Times, progress: Progress, seconds: int, now: datetime) -> Progress:
    """The next step waits so much longer, once for each step, and never past the deadline."""
    if progress.put_off or progress.place < 0 or progress.place + 1 >= chain.places:
        return progress
    return scheduled(chain, times, replace(progress, put_off=seconds), now)


def scheduled(chain: Chain, times: Times, progress: Progress, now: datetime) -> Progress:
    """The same with its next moment, which is never now."""
    wanted = [next_step_at(chain, times, progress), _reminder_at(chain, progress), _look_at(chain, progress, now)]
    if not progress.warned:
        wanted.append(times.warn_at)
    moments = [moment for moment in wanted if moment is not None and moment < times.expires_at]
    return replace(progress, next_at=max(min(moments), now + MOMENT) if moments else None)


def next_step_at(chain: Chain, times: Times, progress: Progress) -> datetime | None:
    """When the next step begins; None if that is not known yet, or there is none."""
    due = chain.following(progress.place, progress.began_at) if progress.began_at else None
    if due is None:
        return None
    later = chain.later(due, progress.put_off) if progress.put_off else due
    return min(later, max(due, times.expires_at - BEFORE_THE_END))


def _step_or_reminder(chain: Chain, times: Times, progress: Progress, now: datetime) -> tuple[Due, Progress]:
    """A step that begins ends the reminders of the one before."""
    step = next_step_at(chain, times, progress)
    if step is not None and now >= step:
        return _enter(chain, progress, step, now)
    reminder = _reminder_at(chain, progress)
    if reminder is not None and now >= reminder:
        return _remind(chain, progress, reminder, now)
    return Due(), progress


def _enter(chain: Chain, progress: Progress, due: datetime, now: datetime) -> tuple[Due, Progress]:
    place, skipped = progress.place + 1, []
    while (following := chain.following(place, due)) is not None and following <= now:
        skipped.append(place)
        place, due = place + 1, following
    return Due(place=place, skipped=tuple(skipped)), entered(progress, place, now)


def _remind(chain: Chain, progress: Progress, due: datetime, now: datetime) -> tuple[Due, Progress]:
    remind = chain.step_at(progress.place).remind
    if remind is None:
        return Due(), progress
    number = progress.reminded + 1
    while number < remind.most and (due := chain.later(due, remind.every)) <= now:
        number += 1
    done = replace(progress, reminded=number, reminded_at=now, reminders=progress.reminders + 1)
    return Due(remind=number, missed=number - progress.reminded - 1), done


def _reminder_at(chain: Chain, progress: Progress) -> datetime | None:
    """When the step's people are reminded next, if they are."""
    remind = chain.step_at(progress.place).remind if progress.place >= 0 else None
    if remind is None or progress.began_at is None or progress.reminders >= MOST_REMINDERS:
        return None
    if progress.reminded >= remind.most:
        return None
    if progress.reminded and progress.reminded_at:
        return chain.later(progress.reminded_at, remind.every)
    due = chain.later(progress.began_at, remind.after)
    return max(due, chain.hold(progress.reminded_at + APART)) if progress.reminded_at else due


def _look_at(chain: Chain, progress: Progress, now: datetime) -> datetime | None:
    """Nobody was told yet: when to look again whether somebody was. Not before that would matter."""
    if progress.began_at is not None:
        return None
    remind = chain.step_at(progress.place).remind
    following = chain.pause_before(progress.place + 1) if progress.place + 1 < chain.places else None
    waits = [seconds for seconds in (following, remind.after if remind else None) if seconds is not None]
    if not waits:
        return None
    latest = progress.entered_at + TOLD_WITHIN
    first = progress.entered_at + timedelta(seconds=min(waits))
    return min(latest, first if now < first else now + LOOK_AGAIN)
