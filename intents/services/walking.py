"""Along a scenario's jumps, under the intent's lock. A gate of a policy is never passed by."""

from __future__ import annotations

from typing import Any

from intents.lifecycle import BROKEN, Status, StepStatus
from intents.models import Step
from intents.ports import StepEnd
from intents.services.lock import Locked
from intents.services.outcome import Ending
from intents.stepgraph import BY_POLICY, CLEAN_UP, ON_FAILURE, ON_SUCCESS, parted

WENT_ON = "The work of {} failed; what the request had set for that case was done."


def jump(locked: Locked, step: Step, end: StepEnd) -> bool:
    """Leave out what the step's own jump leads past; False if the step ended the intent and has no jump for that.

    A policy's gate on the way is met all the same, and then goes on to where the jump leads.
    """
    kind = ON_SUCCESS if end.final is None else ON_FAILURE
    target = str(step.spec.get(kind) or "")
    if not target:
        return end.final is None
    ahead = _ahead(locked, step)
    past, met = parted([(row.name, bool(row.spec.get(BY_POLICY))) for row in ahead], target)
    for at in past:
        _skip(locked, ahead[at])
    for at in met:
        _go_straight_on(ahead[at])
    said: dict[str, Any] = {"step_id": step.name, "to": target, "why": kind}
    locked.record("intent.jumped", "server", said | ({"error": end.error} if end.error else {}))
    return True


def following(locked: Locked, step: Step) -> Step | None:
    """The next step that is still to come."""
    return next(iter(_ahead(locked, step)), None)


def at_the_end(locked: Locked, ending: Ending) -> Ending:
    """How an intent ends that has come to the end of its way.

    Where work had failed it says so, and it is completed only if other work was done after that.
    """
    broken = [row for row in locked.steps if row.kind == "agent" and row.status in BROKEN]
    if not broken:
        return ending
    last = broken[-1]
    error = {"code": "agent_failed", "message": WENT_ON.format(last.name)}
    instead = any(
        row.kind == "agent" and row.status == StepStatus.DONE and row.position > last.position for row in locked.steps
    )
    status = Status.COMPLETED if instead else Status.FAILED
    return Ending(status, "agent_failed", ending.actor, "completed" if instead else "failed", error)


def _ahead(locked: Locked, step: Step) -> list[Step]:
    """What may still come. A step that only cleans up is not on the way."""
    rows = (row for row in locked.steps if row.position > step.position and not row.spec.get(CLEAN_UP))
    return [row for row in rows if row.status == StepStatus.PENDING]


def _skip(locked: Locked, step: Step) -> None:
    step.status, step.ended_at = StepStatus.SKIPPED, locked.now
    step.keep()


def _go_straight_on(step: Step) -> None:
    """The way led past it: after it the way goes on, and not to where its own jump would lead."""
    if step.spec.pop(ON_SUCCESS, None):
        step.save(update_fields=["spec"])
