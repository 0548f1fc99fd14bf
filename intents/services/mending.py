"""When work fails or people refuse, under the intent's lock: what the policy wants done before the intent ends.

`plan["failure_step"]` is the gate at which people say what becomes of failed work, instead of FAILED. The step marked
`clean_up` is the only one that may run after a refusal, an expiry or a failure. Both are the admin's words.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from intents.lifecycle import OPEN_STEP, Status, StepStatus
from intents.models import Step
from intents.planning import free_name
from intents.ports import StepEnd
from intents.services.lock import Locked
from intents.services.outcome import Ending
from intents.services.rounds import again, insert_steps, supersede
from intents.stepgraph import BY_POLICY, CLEAN_UP, FAILED, ON_SUCCESS
from intents.submission import StepSpec

RETRY = "retry"
THEN = "then"
MOST_HANDED_OVER = 10
TIME_TO_CLEAN_UP = timedelta(hours=1)


def handed_over(locked: Locked, step: Step, end: StepEnd) -> Step | None:
    """The gate that asks people about this failed work; None if the policy wants none, or they were asked enough."""
    gate = locked.intent.texts.plan.get("failure_step")
    if gate is None or step.kind != "agent" or end.final is None or step.spec.get(CLEAN_UP):
        return None
    taken = {row.name for row in locked.steps}
    if sum(FAILED in row.spec for row in locked.steps) >= MOST_HANDED_OVER:
        return None
    spec: dict[str, Any] = {**gate["spec"], FAILED: {"step": step.name, "error": end.error}, BY_POLICY: True}
    if step.spec.get(ON_SUCCESS):
        spec[ON_SUCCESS] = step.spec[ON_SUCCESS]
    name = free_name(f"{step.name}-failed"[:60], taken)
    return insert_steps(locked, step.position + 1, [StepSpec(name, "human", gate["source"], spec)])[0]


def mend(locked: Locked, step: Step, outcome: str) -> None:
    """People have said how failed work goes on: once more, or as done by hand. It counts as failed no more."""
    failed = next(row for row in locked.steps if row.name == step.spec[FAILED]["step"])
    supersede(locked, failed)
    if outcome == RETRY:
        insert_steps(locked, step.position + 1, again(locked, [failed]))
        step.spec.pop(ON_SUCCESS, None)


def clean_up(locked: Locked, ending: Ending) -> Step | None:
    """The step that cleans up before the intent ends so, if there is one and work was begun. It has its own time."""
    step = next((row for row in locked.steps if row.spec.get(CLEAN_UP) and row.status == StepStatus.PENDING), None)
    if step is None or not any(row.first_handed_at for row in locked.steps):
        return None
    for row in locked.steps:
        if row is not step and row.status in (StepStatus.PENDING, *OPEN_STEP):
            row.status, row.wake_at, row.lease_until = StepStatus.CANCELED, None, None
            row.ended_at = locked.now
            row.keep()
    step.spec[THEN] = asdict(ending)
    step.save(update_fields=["spec"])
    needed = timedelta(seconds=step.spec.get("deadline") or 0) or TIME_TO_CLEAN_UP
    locked.intent.deadline_at = max(locked.intent.deadline_at, locked.now + needed)
    said = {"step_id": step.name, "outcome": ending.outcome, "reason": ending.reason}
    locked.record("intent.clean_up_started", "server", said)
    return step


def decided_before(step: Step | None) -> Ending | None:
    """How the intent ends whatever becomes of this step, which only cleans up."""
    kept = step.spec.get(THEN) if step is not None else None
    return Ending(**(kept | {"status": Status(kept["status"])})) if kept else None


def with_its_error(step: Step, ending: Ending) -> Ending:
    """What had failed stays the error, when people leave it at that."""
    if FAILED in step.spec and ending.error is None and ending.status != Status.COMPLETED:
        return replace(ending, error=step.spec[FAILED]["error"])
    return ending
