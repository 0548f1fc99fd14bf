"""Handing work out: one step per transaction, oldest first, to a live listener.

The lease and the attempt begin here. The agent's row is locked last; its cursor makes the stream position.
"""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from intents import clock
from intents.errors import NotFound
from intents.kinds.agent import called_in, lease_length, pending_with, set_wake
from intents.lifecycle import Status, StepStatus
from intents.models import Agent, Intent, Receipt, Step
from intents.selectors import stopped
from intents.services.lock import Locked, locked_intent
from intents.services.patching import checkpoint_of
from intents.services.receipts import for_work

SEEN_EVERY = timedelta(seconds=20)
CURSOR_STEP = 2  # even positions: one older client asks for `last + 1`


class Killed(Exception):
    """The agent was stopped: nothing is handed to it."""


class HandsFull(Exception):
    """The agent holds `max_in_flight` steps already."""


def hand_out(agent: Agent) -> dict[str, Any] | None:
    """Take the oldest free step for this agent and return its stream frame; None if there is none to take.

    Killed if the agent was stopped.
    """
    if _holds_all_it_may(agent):
        return None
    free = Step.objects.filter(agent_address=agent.address, status=StepStatus.READY).order_by("started_at")
    for step_id, intent_id in free.values_list("id", "intent_id")[:5]:
        frame = _take(agent, step_id, intent_id)
        if frame is not None:
            return frame
    if stopped(agent.address):
        raise Killed
    return None


def still_held(step_id: uuid.UUID) -> bool:
    """True while the step has neither a result nor an expired lease."""
    held = Q(status=StepStatus.CURRENT, lease_until__gt=clock.now())
    return Step.objects.filter(held, pk=step_id).exists()


def has_ended(step_id: uuid.UUID) -> bool:
    """True once the step has a result, or was ended without one."""
    return Step.objects.filter(pk=step_id, ended_at__isnull=False).exists()


def seen(agent: Agent) -> None:
    """Note that somebody listens; at most one write every 20 s."""
    now = clock.now()
    if agent.last_seen_at is None or now - agent.last_seen_at > SEEN_EVERY:
        agent.last_seen_at = now
        Agent.objects.filter(pk=agent.pk).update(last_seen_at=now)


def renew_lease(step: Step, agent: Agent) -> None:
    """The holder called: its lease starts again. Written at most once per quarter of a lease."""
    if step.status != StepStatus.CURRENT or step.agent_address != agent.address or step.lease_until is None:
        return
    left = step.lease_until - clock.now()
    if step.intent.status != Status.DELIVERED and left > lease_length(step) * 0.75:
        return
    with locked_intent(step.intent_id) as locked:
        mine = locked.current
        if mine is not None and mine.pk == step.pk and mine.status == StepStatus.CURRENT:
            called_in(locked, mine, agent.address)


def _holds_all_it_may(agent: Agent) -> bool:
    held = Step.objects.filter(agent_address=agent.address, status=StepStatus.CURRENT)
    return held.count() >= agent.max_in_flight


def _take(agent: Agent, step_id: uuid.UUID, intent_id: uuid.UUID) -> dict[str, Any] | None:
    try:
        with locked_intent(intent_id, skip_locked=True) as locked:
            step = locked.current
            if step is None or step.pk != step_id or step.status != StepStatus.READY:
                return None
            receipt = _begin_lease(locked, step)
            step.cursor = _next_cursor(agent)
            step.keep()
            return frame_of(locked.intent, step, locked.now, receipt)
    except (NotFound, HandsFull):  # somebody else holds the row and will have handed it out, or took the last place
        return None


def _begin_lease(locked: Locked, step: Step) -> Receipt | None:
    step.status = StepStatus.CURRENT
    step.attempt += 1
    step.lease_until = locked.now + lease_length(step)
    if step.first_handed_at is None:
        step.first_handed_at = locked.now
        deadline = step.spec.get("deadline")
        step.deadline_at = locked.now + timedelta(seconds=deadline) if deadline else None
    set_wake(step)
    locked.set_status(Status.DELIVERED, "", pending_with(step))
    receipt = for_work(locked, step)
    details = {"step_id": step.name, "delivery_attempt": step.attempt, "agent": step.agent_address}
    details |= {"receipt_id": str(receipt.pk)} if receipt else {}
    locked.record("intent.delivered", "server", details)
    return receipt


def _next_cursor(agent: Agent) -> int:
    """Exact under the agent's lock. HandsFull if others were faster, Killed if it was stopped: nothing happened."""
    row = Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
    if row.killed_at is not None:
        raise Killed
    if _holds_all_it_may(row):
        raise HandsFull
    row.cursor += CURSOR_STEP
    row.save(update_fields=["cursor"])
    return row.cursor


def frame_of(intent: Intent, step: Step, at: datetime, receipt: Receipt | None) -> dict[str, Any]:
    """What a listener gets: the step's handle as `intent_id`, the payload as it was approved, what came before."""
    earlier = Step.objects.filter(intent=intent, position__lt=step.position, result_row__isnull=False)
    return {
        "intent_id": str(step.pk),
        "parent_intent_id": str(intent.pk),
        "seq": step.cursor,
        "event_type": "intent.delivered",
        "status": Status.DELIVERED,
        "at": clock.iso(at),
        "intent_type": intent.intent_type,
        "step_id": step.name,
        "delivery_attempt": step.attempt,
        "idempotency_key": f"{intent.pk}:{step.name}",
        "lease_until": clock.iso(step.lease_until),
        "checkpoint": checkpoint_of(intent, step),
        "receipt": receipt.token if receipt else None,
        "payload": json.loads(intent.texts.payload),
        "results": {row.name: json.loads(row.result_row.result) for row in earlier.select_related("result_row")},
    }
