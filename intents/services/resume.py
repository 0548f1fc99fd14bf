"""Answers over the wire: which step an answer is for, and whether its sender may give it."""

from __future__ import annotations

from typing import Any

from intents.errors import Conflict, Forbidden
from intents.lifecycle import LEFT_OUT, OPEN_STEP, Status, StepStatus, is_final
from intents.models import Intent, Step
from intents.ports import human_kind, kind_of
from intents.principal import Principal
from intents.services.advance import abort, passed_by
from intents.services.lock import Locked, locked_intent
from intents.services.outcome import Ending, keep_result

GATES_REMAIN = "A person still has to decide on this intent, so it can only be canceled."


def resume(intent: Intent, handle: Step | None, principal: Principal, body: dict[str, Any]) -> dict[str, Any]:
    """One endpoint, three bodies: a person's `task_result`, an agent's result, a sender's note to go on.

    An agent's answer is for the step whose handle is in the path, whatever has become current since. A human step
    is only ever completed by a person.
    """
    if principal.person is not None and "task_result" in body:
        return human_kind().resume(_human_step(intent, body), principal, body)
    if principal.agent is not None:
        return _agent_resumes(intent, handle, principal, body)
    _may_go_on(intent, principal)
    step = _current(intent)
    if step.kind == "human":
        raise Forbidden("Only a person can answer this step, by a task_result and their own token.", code="human_step")
    return kind_of(step).resume(step, principal, body)


def resolve(intent: Intent, handle: Step | None, principal: Principal, body: dict[str, Any]) -> dict[str, Any]:
    """End the intent from outside: COMPLETED, FAILED or CANCELED.

    From the agent that holds the step in the path it is that step's result. While a gate is open or still to come
    only CANCELED is taken (409 `gates_remain`).
    """
    status = Status(body["status"])
    if status != Status.CANCELED and principal.agent is not None and handle is not None and handle.kind == "agent":
        action = "fail" if status == Status.FAILED else "complete"
        return _agent_resumes(intent, handle, principal, _result(body) | {"action": action})
    _may_end(intent, principal, status)
    with locked_intent(intent.pk) as locked:
        if is_final(locked.intent.status):
            raise Conflict(f"This intent is already {locked.intent.status}.", code="already_terminal")
        if status != Status.CANCELED and gates_remain(locked):
            raise Conflict(GATES_REMAIN, code="gates_remain")
        _keep_result(locked, body, principal.actor)
        abort(locked, _ending(locked, status, principal.actor, body))
    return {"applied": True}


def gates_remain(locked: Locked) -> bool:
    """True if a gate is open or still to come in the plan."""
    waiting = (StepStatus.PENDING, *OPEN_STEP)
    return any(step.kind == "human" and step.status in waiting for step in locked.steps)


def _may_end(intent: Intent, principal: Principal, status: Status) -> None:
    """The sender and the requester may end an intent, and an admin may cancel it."""
    person = principal.person
    by_admin = person is not None and person.is_admin and status == Status.CANCELED
    by_person = person is not None and person.id == intent.requester
    by_key = principal.sent(intent)
    if not (by_admin or by_person or by_key):
        raise Forbidden(
            "Only the sender or the requester can end this intent; an admin can cancel it.", code="not_the_sender"
        )


def _may_go_on(intent: Intent, principal: Principal) -> None:
    """Only the sender and the requester note progress on work that is not theirs to do."""
    by_key = principal.sent(intent)
    if not by_key and (principal.person is None or principal.person.id != intent.requester):
        raise Forbidden("Only the sender or the requester can say that this goes on.", code="not_the_sender")


def _human_step(intent: Intent, body: dict[str, Any]) -> Step:
    """The plan's only gate; with several the answer names one by `gate_id`, so that it never meets the wrong one."""
    gates = [step for step in intent.steps.all() if step.kind == "human" and step.status not in LEFT_OUT]
    if not gates:
        raise Conflict("Nobody was asked anything on this intent.", code="no_gate")
    if len(gates) > 1 and not body.get("gate_id"):
        pending = intent.pending_with or {}
        raise Conflict(
            "This intent has several gates: name yours as gate_id, or answer through /v1/approvals/{gate_id}/decision.",
            code="gate_id_required",
            details={"gate_id": pending.get("ref") if pending.get("type") == "human" else None},
        )
    return gates[0]


def _agent_resumes(intent: Intent, handle: Step | None, principal: Principal, body: dict[str, Any]) -> dict[str, Any]:
    step = handle or _agent_step(intent, principal)
    if step.kind != "agent" or principal.agent is None or step.agent_address != principal.agent.address:
        raise Forbidden("This step belongs to somebody else.", code="invalid_actor_scope")
    return kind_of(step).resume(step, principal, body)


def _agent_step(intent: Intent, principal: Principal) -> Step:
    address = principal.agent.address if principal.agent else ""
    step = intent.steps.filter(kind="agent", agent_address=address).first()
    if step is None:
        raise Forbidden("This intent has no work for your agent.", code="invalid_actor_scope")
    return step


def _current(intent: Intent) -> Step:
    step = intent.steps.filter(status__in=OPEN_STEP).first()
    if step is None:
        raise Conflict(f"This intent is already {intent.status}.", code="already_terminal")
    return step


def _result(body: dict[str, Any]) -> dict[str, Any]:
    result = body.get("result") or body.get("error") or {}
    return dict(result)


def _keep_result(locked: Locked, body: dict[str, Any], actor: str) -> None:
    """What a sender gives with COMPLETED counts as the result of the agent step that it ends."""
    step = locked.current
    if step is None or step.kind != "agent" or not body.get("result"):
        return
    keep_result(locked, step, body["result"], actor)


def _ending(locked: Locked, status: Status, actor: str, body: dict[str, Any]) -> Ending:
    reason = {Status.CANCELED: "withdrawn", Status.FAILED: "agent_failed"}.get(status) or passed_by(locked)
    error = dict(body["error"]) if status == Status.FAILED and body.get("error") else None
    if status == Status.CANCELED and body.get("reason"):
        error = {"code": "withdrawn", "message": str(body["reason"])}
    outcome = {Status.CANCELED: "withdrawn", Status.FAILED: "failed"}.get(status, "completed")
    return Ending(status, reason, actor, outcome, error)
