"""An agent's work: it waits for a listener, is held under a lease, and the first result wins."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from intents.clock import iso
from intents.errors import Conflict, Forbidden, Invalid
from intents.lifecycle import Status, StepStatus, WaitingReason
from intents.models import Agent, Step
from intents.ports import StepEnd
from intents.principal import Principal
from intents.selectors import AGENT_KILLED, stopped
from intents.services.advance import end_step
from intents.services.lock import Locked, locked_intent
from intents.services.outcome import keep_result, stored_result

LISTENER_PATIENCE = timedelta(minutes=5)
LONGEST_LEASE = timedelta(minutes=10)


class AgentKind:
    """`spec`: {"deadline": seconds or None, "max_attempts": int}. READY: nobody holds it. CURRENT: a lease runs."""

    def start(self, locked: Locked, step: Step) -> StepEnd | None:
        """Offer the work. Attempts and leases begin only when a listener takes it (services.handout)."""
        offer(locked, step)
        locked.set_status(Status.SUBMITTED, "", pending_with(step))
        if step.position > 0:  # the first step's beginning is the submission itself
            locked.record("intent.submitted", "server", {"step_id": step.name, "agent": step.agent_address})
        return None

    def resume(self, step: Step, principal: Principal, body: dict[str, Any]) -> dict[str, Any]:
        """From the step's own agent: its result. From the sender: a note that it may go on."""
        if principal.agent is None:
            return _sender_resumes(step, principal)
        if principal.agent.address != step.agent_address:
            raise Forbidden("This step belongs to another agent.", code="invalid_actor_scope")
        if body.get("action", "complete") not in ("complete", "fail"):
            raise Invalid("action must be complete or fail.", code="schema_invalid")
        return give_result(step, principal.actor, body)

    def wake(self, locked: Locked, step: Step) -> StepEnd | None:
        """The step's deadline, the end of a lease, or nobody listening for too long."""
        if step.deadline_at and locked.now >= step.deadline_at:
            error = {"code": "step_timeout", "message": f"{step.agent_address} did not answer in time."}
            return StepEnd(StepStatus.TIMED_OUT, "server", Status.TIMED_OUT, "deadline", "timed_out", error)
        if step.status == StepStatus.CURRENT and step.lease_until and locked.now >= step.lease_until:
            return _lease_ended(locked, step)
        if step.status == StepStatus.READY:
            _nobody_listens(locked, step)
        return None

    def cancel(self, locked: Locked, step: Step, reason: str) -> None:
        """A late result will find the step ended."""

    def report(self, step: Step) -> dict[str, Any]:
        """The agent's result, if there is one."""
        return {"result": stored_result(step)}


def pending_with(step: Step) -> dict[str, Any]:
    """Whom the intent waits for, as the wire shows it."""
    return {"type": "agent", "ref": step.agent_address, "name": step.agent_address.rsplit("/", 1)[-1]}


def lease_length(step: Step) -> timedelta:
    """The smaller of ten minutes and the step's deadline divided by its attempts."""
    deadline = step.spec.get("deadline")
    if not deadline:
        return LONGEST_LEASE
    return min(LONGEST_LEASE, timedelta(seconds=deadline) / int(step.spec["max_attempts"]))


def set_wake(step: Step) -> None:
    """The step's next moment: its lease's end or its deadline, whichever is first."""
    moments = [moment for moment in (step.lease_until, step.deadline_at) if moment]
    step.wake_at = min(moments) if moments else None


def offer(locked: Locked, step: Step) -> None:
    """Make the step free for the next listener."""
    step.status, step.lease_until = StepStatus.READY, None
    _wait_for_listener(locked, step)


def give_result(step: Step, actor: str, body: dict[str, Any]) -> dict[str, Any]:
    """The first result for a step ends it, whichever attempt made it; a later one changes nothing."""
    with locked_intent(step.intent_id) as locked:
        if stopped(step.agent_address):  # asked under the lock: no result gets in after the kill was answered
            raise Forbidden(AGENT_KILLED.format(step.agent_address), code="agent_killed")
        mine = next(row for row in locked.steps if row.pk == step.pk)
        if mine.status == StepStatus.PENDING:
            raise Conflict("This step has not begun yet.", code="step_not_started")
        if mine.status not in (StepStatus.READY, StepStatus.CURRENT):
            return {"applied": False, "reason": "step_ended"}
        result = {key: value for key, value in body.items() if key != "action"}
        keep_result(locked, mine, result, actor)
        failed = body.get("action") == "fail"
        _in_progress(locked, mine, actor, {"step_status": "failed" if failed else "done", "result": result})
        end_step(locked, mine, _failed(mine, actor) if failed else StepEnd(StepStatus.DONE, actor))
    return {"applied": True}


def take_back(locked: Locked, step: Step) -> None:
    """Its agent was killed: the step is free again and waits until the agent is resumed. The attempt still counts."""
    offer(locked, step)
    step.keep()
    locked.set_status(Status.WAITING, WaitingReason.AGENT, pending_with(step))
    details = {"step_id": step.name, "delivery_attempt": step.attempt, "agent": step.agent_address}
    locked.record("intent.lease_revoked", "server", {**details, "reason": "agent_killed"})


def called_in(locked: Locked, step: Step, actor: str) -> None:
    """The holder was heard of: its lease starts again, and the intent is in progress."""
    step.lease_until = locked.now + lease_length(step)
    set_wake(step)
    step.keep()
    if locked.intent.status == Status.DELIVERED:
        _in_progress(locked, step, actor, {"step_status": "working"})


def _in_progress(locked: Locked, step: Step, actor: str, details: dict[str, Any]) -> None:
    locked.set_status(Status.IN_PROGRESS, "", pending_with(step))
    locked.record("intent.in_progress", actor, {"step_id": step.name, **details})


def _failed(step: Step, actor: str) -> StepEnd:
    """What the agent said about it stays in its result; this sentence is ours."""
    error = {"code": "agent_failed", "message": f"{step.agent_address} reported a failure; see result."}
    return StepEnd(StepStatus.FAILED, actor, Status.FAILED, "agent_failed", "failed", error)


def _sender_resumes(step: Step, principal: Principal) -> dict[str, Any]:
    with locked_intent(step.intent_id) as locked:
        mine = next(row for row in locked.steps if row.pk == step.pk)
        if mine.status not in (StepStatus.READY, StepStatus.CURRENT):
            return {"applied": False, "reason": "step_ended"}
        if locked.intent.status != Status.IN_PROGRESS:
            _in_progress(locked, mine, principal.actor, {"step_status": "resumed"})
    return {"applied": True}


def _lease_ended(locked: Locked, step: Step) -> StepEnd | None:
    details = {"step_id": step.name, "delivery_attempt": step.attempt, "max_attempts": step.spec["max_attempts"]}
    if step.attempt >= step.spec["max_attempts"]:
        locked.record("intent.delivery_failed", "server", details)
        error = {"code": "delivery_failed", "message": f"No result after {step.attempt} deliveries."}
        return StepEnd(StepStatus.FAILED, "server", Status.FAILED, "delivery_failed", "failed", error)
    locked.set_status(Status.DELIVERED, "", pending_with(step))
    locked.record("intent.lease_expired", "server", details)
    offer(locked, step)
    step.keep()
    return None


def _wait_for_listener(locked: Locked, step: Step) -> None:
    patience = locked.now + LISTENER_PATIENCE
    step.wake_at = min(patience, step.deadline_at) if step.deadline_at else patience


def _nobody_listens(locked: Locked, step: Step) -> None:
    """Five minutes without a listener: say so once, with when it was last seen, and keep waiting."""
    agent = Agent.objects.filter(workspace_id=locked.intent.workspace_id, address=step.agent_address).first()
    seen = agent.last_seen_at if agent else None
    if seen and seen > locked.now - LISTENER_PATIENCE and agent and agent.killed_at is None:
        _wait_for_listener(locked, step)
        step.keep()
        return
    step.wake_at = step.deadline_at
    if not step.told_waiting:
        step.told_waiting = True
        locked.set_status(Status.WAITING, WaitingReason.AGENT, pending_with(step))
        details = {"step_id": step.name, "agent": step.agent_address, "last_seen": iso(seen)}
        if agent is not None and agent.killed_at is not None:
            details["reason"] = "agent_killed"
        locked.record("intent.waiting", "server", details)
    step.keep()
