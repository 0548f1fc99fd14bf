"""`locked_intent` is the only door to changing an intent: one lock, one order, so no deadlocks and a gapless `seq`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from intents import clock, metrics, nudges
from intents.errors import NotFound
from intents.lifecycle import OPEN_STEP, Status, StepStatus, is_final, may_follow
from intents.models import Intent, IntentTexts, Step
from intents.prepared import Prepared
from intents.services import record, saying
from intents.services.durable import durable
from intents.services.rows import insert
from intents.updates import update

_WRITTEN_ONCE = {
    "id",
    "workspace",
    "sender",
    "intent_type",
    "to_agent",
    "correlation_id",
    "requester",
    "excluded",
    "retry_of",
    "created_at",
}
_CHANGING = [field.name for field in Intent._meta.concrete_fields if field.name not in _WRITTEN_ONCE]

_LOCKED = Prepared(lambda intent: Intent.objects.select_for_update(no_key=True).filter(pk=intent))
_LOCKED_UNLESS_HELD = Prepared(
    lambda intent: Intent.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=intent)
)
_TEXTS = Prepared(lambda intent: IntentTexts.objects.filter(intent=intent))
_STEPS = Prepared(lambda intent: Step.objects.filter(intent=intent).order_by("position"))


class Locked:
    """An intent whose row this transaction holds, the moment of the change, and the events it will write."""

    def __init__(self, intent: Intent, steps: list[Step] | None = None) -> None:
        self.intent = intent
        moment = clock.now()
        self.now: datetime = max(moment, intent.last_at) if intent.last_at else moment
        self._steps = steps
        self._events: list[record.NewEvent] = []
        self._last: list[Callable[[], None]] = []

    @property
    def steps(self) -> list[Step]:
        """All steps in order, read once after the lock was taken."""
        if self._steps is None:
            self._steps = _STEPS(intent=self.intent.pk)
            for step in self._steps:
                step.intent = self.intent
        return self._steps

    def add_steps(self, steps: list[Step]) -> None:
        """These have come into the plan meanwhile, and are written already."""
        for step in steps:
            step.intent = self.intent
        self._steps = sorted([*self.steps, *steps], key=lambda step: step.position)

    @property
    def texts(self) -> IntentTexts:
        """The intent's texts, read once after the lock was taken."""
        if "texts" not in self.intent._state.fields_cache:
            self.intent.texts = next(iter(_TEXTS(intent=self.intent.pk)))
        return self.intent.texts

    @property
    def current(self) -> Step | None:
        """The step that is happening now, if any."""
        return next((step for step in self.steps if step.status in OPEN_STEP), None)

    def set_status(self, status: Status, waiting_reason: str = "", pending_with: dict[str, Any] | None = None) -> None:
        """Move the intent; every event recorded after this carries the new status. A final one is never left."""
        if not may_follow(self.intent.status, status):
            raise ValueError(f"{status} cannot follow {self.intent.status}.")
        self.intent.status = status
        self.intent.waiting_reason = waiting_reason
        self.intent.pending_with = pending_with

    def record(self, event_type: str, actor: str, details: dict[str, Any] | None = None) -> None:
        """Append an event to the history; it is written when the lock is given back."""
        self._events.append(record.new_event(self.intent, event_type, actor, self.now, details or {}))

    def at_last(self, write: Callable[[], None]) -> None:
        """Have this done at the very end, after the intent's own rows: what locks rows that intents share."""
        self._last.append(write)

    def leave(self) -> None:
        """Derive `wake_at` from the rows and write the intent and its events."""
        intent = self.intent
        if is_final(intent.status):
            intent.wake_at = None
        else:
            step = self.current
            moments = [intent.deadline_at, step.wake_at if step else None]
            intent.wake_at = min(moment for moment in moments if moment is not None)
        intent.due_since = None
        intent.failures = 0
        if self._events:
            intent.updated_at = intent.last_at = self.now
        self._write()
        nudges.after_commit(*self._nudges())
        saying.after_commit(event.row for event in self._events)

    def _write(self) -> None:
        """A new intent with all that belongs to it, or what has changed of one that was there."""
        intent = self.intent
        if intent._state.adding:
            insert(intent)
            insert(intent.texts)
        else:
            update(intent, *_CHANGING)
        insert(*(step for step in self._steps or () if step._state.adding))
        record.write(intent, self._events)
        for write in self._last:
            write()

    def _nudges(self) -> list[str]:
        names = [nudges.of_intent(self.intent.id)]
        if self._events:
            names.append(nudges.ANNOUNCE)
        names += [nudges.of_agent(step.agent_address) for step in self.steps if step.status == StepStatus.READY]
        return names


@contextmanager
def locked_intent(intent_id: uuid.UUID, *, skip_locked: bool = False) -> Iterator[Locked]:
    """Hold the intent's row; on leaving, `wake_at` and the events are written in the same transaction.

    NotFound if there is no such intent, or, with `skip_locked`, if somebody else holds it.
    """
    with durable():
        with metrics.timed(metrics.LOCK_WAIT):
            intent = (_LOCKED_UNLESS_HELD if skip_locked else _LOCKED).first(intent=intent_id)
        if intent is None:
            raise NotFound("There is no such intent.")
        locked = Locked(intent)
        yield locked
        locked.leave()


def hold_first(intent_id: uuid.UUID) -> None:
    """Hold the row to the end of the transaction, before rows that refer to it: that order is everybody's."""
    _LOCKED.first(intent=intent_id)


@contextmanager
def new_intent(intent: Intent, steps: list[Step]) -> Iterator[Locked]:
    """An intent with its texts and steps, none of them written yet: nobody sees it, so there is nothing to lock.

    On leaving all of it is written, once; rows that refer to it may come first (constraints wait for the commit).
    """
    with durable():
        locked = Locked(intent, steps)
        yield locked
        locked.leave()
