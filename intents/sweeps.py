"""The wake sweep: what is due is read without a lock, then handled one intent per transaction."""

from __future__ import annotations

import logging
import random
import uuid
from contextlib import suppress
from datetime import datetime, timedelta

from intents import clock, metrics
from intents.errors import Busy, NotFound
from intents.lifecycle import OPEN_STEP, Status, is_final
from intents.models import Intent
from intents.ports import kind_of
from intents.services import record
from intents.services.advance import end_step, run_out
from intents.services.durable import durable
from intents.services.lock import Locked, locked_intent
from intents.services.outcome import Ending

log = logging.getLogger(__name__)
BATCH = 200
FIRST_BACKOFF_SECONDS = 5
LONGEST_BACKOFF_SECONDS = 300
ALARM_AFTER = 5


class NotDue(Exception):
    """Somebody else has handled it in the meantime: nothing is to be written."""


def wake_due(now: datetime | None = None) -> int:
    """Handle up to 200 due intents, the longest overdue first. Returns how many were due.

    When there are more, each worker begins somewhere else among them, and looks again where it meets another one.
    """
    moment = now or clock.now()
    due = list(Intent.objects.filter(wake_at__lte=moment).order_by("wake_at").values_list("pk", flat=True)[:BATCH])
    crowded = len(due) == BATCH
    start = random.randrange(BATCH) if crowded else 0  # noqa: S311 - nothing to guess
    for intent_id in due[start:] + due[:start]:
        if not _woken(intent_id) and crowded:
            break
    return len(due)


def _woken(intent_id: uuid.UUID) -> bool:
    """False if somebody else is at work on it."""
    try:
        wake(intent_id)
    except (NotFound, NotDue):
        return False
    except Busy:  # the row or the database stays locked: the next tick sees that it is due
        return True
    except Exception:  # one bad row must not stop the others
        log.exception("wake failed", extra={"intent": str(intent_id)})
        with suppress(Busy):  # then it is due again at the next tick
            put_off(intent_id)
    return True


def wake(intent_id: uuid.UUID) -> None:
    """Let what is due on this intent happen: its own deadline first, else whatever its current step wants.

    NotFound if somebody else holds it, NotDue if they have handled it.
    """
    with locked_intent(intent_id, skip_locked=True) as locked:
        intent = locked.intent
        if is_final(intent.status) or intent.wake_at is None or intent.wake_at > locked.now:
            raise NotDue
        metrics.LATE.observe((locked.now - (intent.due_since or intent.wake_at)).total_seconds())
        if locked.now >= intent.deadline_at:
            run_out(locked, _deadline(locked))
            return
        step = locked.current
        if step is None:
            return
        end = kind_of(step).wake(locked, step)
        if end is not None:
            end_step(locked, step, end)


def put_off(intent_id: uuid.UUID) -> None:
    """After a failure the row stays due by `due_since` but waits a little; after five it is an event and an alarm."""
    with durable():
        intent = Intent.objects.select_for_update(no_key=True).get(pk=intent_id)
        if intent.wake_at is None:
            return
        now = clock.now()
        pause = min(FIRST_BACKOFF_SECONDS * 2**intent.failures, LONGEST_BACKOFF_SECONDS)
        if intent.failures + 1 == ALARM_AFTER:
            _alarm(intent, now)
        Intent.objects.filter(pk=intent_id).update(
            due_since=intent.due_since or intent.wake_at,
            failures=min(intent.failures + 1, 1000),
            wake_at=_not_past(intent, now, now + timedelta(seconds=pause)),
            last_seq=intent.last_seq,
            last_hash=intent.last_hash,
            last_at=intent.last_at,
        )


def _alarm(intent: Intent, now: datetime) -> None:
    """Say it in the log and in the history; nothing else of the intent is touched."""
    log.error("intent cannot be woken", extra={"intent": str(intent.pk), "failures": ALARM_AFTER})
    intent.last_at = max(now, intent.last_at or now)
    event = record.new_event(intent, "intent.alarm", "server", intent.last_at, {"failures": ALARM_AFTER})
    record.write(intent, [event])


def _not_past(intent: Intent, now: datetime, moment: datetime) -> datetime:
    """Back-off jumps over no deadline: neither the intent's nor that of the step which is happening."""
    current = intent.steps.filter(status__in=OPEN_STEP).first()
    deadlines = [intent.deadline_at, current.deadline_at if current else None]
    return min([moment, *(deadline for deadline in deadlines if deadline and deadline > now)])


def _deadline(locked: Locked) -> Ending:
    """Work that was never handed out means that no agent was there; anything else ran out of time."""
    step = locked.current
    if step is not None and step.kind == "agent" and step.attempt == 0:
        error = {"code": "agent_unavailable", "message": f"{step.agent_address} never took the work."}
        return Ending(Status.FAILED, "agent_unavailable", "server", "failed", error)
    error = {"code": "intent_timeout", "message": "The intent's deadline passed."}
    return Ending(Status.TIMED_OUT, "deadline", "server", "timed_out", error)
