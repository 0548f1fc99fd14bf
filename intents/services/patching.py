"""An intent's controls and policy: what programs agree on among themselves. Neither moves a gate, a time or a plan.

They live in the intent's texts: `controls` as {"values", "checkpoints": {step: value}}, `policy` as {"grants",
"envelope"}. A grant lets another agent change these two, and never decide.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from intents.digest import canonical, digest_of
from intents.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from intents.ids import parse_id
from intents.kinds.agent import called_in
from intents.lifecycle import StepStatus, is_final
from intents.models import Intent, Step, Workspace
from intents.principal import Principal
from intents.selectors import full_address, intent_by_handle
from intents.services.generation import check_generation
from intents.services.lock import Locked, locked_intent

CHECKPOINT = "checkpoint"
DELEGATE = "delegate:"
UPDATE_CONTROLS, UPDATE_POLICY = "update_controls", "update_policy"
ACTIONS = ("resume", UPDATE_CONTROLS, UPDATE_POLICY)
STORE_LIMIT = 128 * 1024
MOST_GRANTS = 20

Change = Callable[[Locked], dict[str, Any]]


@dataclass(frozen=True)
class PolicyPatch:
    """Grants by delegate, and the envelope's numbers; null removes."""

    grants: dict[str, Any] = field(default_factory=dict)
    envelope: dict[str, Any] = field(default_factory=dict)


def find_for(principal: Principal, handle: str, action: str) -> tuple[Intent, Step | None]:
    """The intent if this principal sees it, or if a grant names its agent for `action`; NotFound otherwise."""
    try:
        return intent_by_handle(principal, handle)
    except NotFound:
        intent = _granted(principal, handle, action)
        if intent is None:
            raise
        return intent, None


def update_controls(
    intent: Intent, handle: Step | None, principal: Principal, patch: dict[str, Any], body: dict[str, Any]
) -> dict[str, Any]:
    """Set controls. A `checkpoint` comes only from the agent that holds the step, and is handed to the next attempt."""
    values = {name: value for name, value in patch.items() if name != CHECKPOINT}

    def change(locked: Locked) -> dict[str, Any]:
        details: dict[str, Any] = {}
        controls = _stored(locked.intent, "controls", "values", "checkpoints")
        if values or CHECKPOINT not in patch:
            _check_may(locked.intent, principal, UPDATE_CONTROLS)
            controls["values"] = _patched(controls["values"], values)
            details["controls_patch"] = values
        if CHECKPOINT in patch:
            step = _held_step(locked, handle, principal)
            called_in(locked, step, step.agent_address)
            controls["checkpoints"] = _patched(controls["checkpoints"], {step.name: patch[CHECKPOINT]})
            details |= {"step_id": step.name, "checkpoint_digest": digest_of(patch[CHECKPOINT])}
        _store(locked.intent, "controls", controls)
        return details

    return _apply(intent.pk, principal, body, "intent.controls_updated", change)


def update_policy(intent: Intent, principal: Principal, patch: PolicyPatch, body: dict[str, Any]) -> dict[str, Any]:
    """Set grants and envelope. Invalid for a grant of anything but `resume`, `update_controls`, `update_policy`."""
    grants = _checked_grants(intent.workspace, patch.grants)

    def change(locked: Locked) -> dict[str, Any]:
        _check_may(locked.intent, principal, UPDATE_POLICY)
        policy = _stored(locked.intent, "policy", "grants", "envelope")
        policy["grants"] = _patched(policy["grants"], grants)
        policy["envelope"] = _patched(policy["envelope"], patch.envelope)
        if len(policy["grants"]) > MOST_GRANTS:
            raise Invalid(f"An intent has at most {MOST_GRANTS} grants.", code="too_many_grants")
        _store(locked.intent, "policy", policy)
        return {"grants_patch": grants, "envelope_patch": patch.envelope}

    return _apply(intent.pk, principal, body, "intent.policy_updated", change)


def checkpoint_of(intent: Intent, step: Step) -> Any:
    """What an earlier attempt at this step stored, or None."""
    return _stored(intent, "controls", "values", "checkpoints")["checkpoints"].get(step.name)


def _apply(
    intent_id: uuid.UUID, principal: Principal, body: dict[str, Any], event: str, change: Change
) -> dict[str, Any]:
    """One change under the lock: the generation is compared and set there, so of two at once one is refused."""
    with locked_intent(intent_id) as locked:
        check_generation(locked.intent, body)
        if is_final(locked.intent.status):
            raise Conflict(f"This intent is already {locked.intent.status}.", code="already_terminal")
        details = change(locked)
        locked.intent.policy_generation += 1
        generation = locked.intent.policy_generation
        reason = body.get("reason") or ""
        locked.record(event, principal.actor, {**details, "reason": reason, "policy_generation": generation})
    return {"applied": True, "policy_generation": generation}


def _check_may(intent: Intent, principal: Principal, action: str) -> None:
    """The sender, the requester, or a delegate with the grant."""
    by_key = principal.sent(intent)
    by_person = principal.person is not None and principal.person.id == intent.requester
    if not (by_key or by_person or _has_grant(intent, principal, action)):
        raise Forbidden(
            f"Only the sender, the requester or a delegate with the grant {action} can do this.", code="not_granted"
        )


def _has_grant(intent: Intent, principal: Principal, action: str) -> bool:
    grants = _stored(intent, "policy", "grants", "envelope")["grants"]
    name = f"{DELEGATE}{principal.agent.address}" if principal.agent else ""
    return action in grants.get(name, {}).get("allow", [])


def _granted(principal: Principal, handle: str, action: str) -> Intent | None:
    """An intent of the workspace that a grant opens to the principal's agent."""
    rows = Intent.objects.filter(workspace_id=principal.workspace_id).select_related("texts", "workspace")
    wanted = parse_id(handle)
    intent = rows.filter(pk=wanted).first() if wanted and principal.agent else None
    return intent if intent is not None and _has_grant(intent, principal, action) else None


def _held_step(locked: Locked, handle: Step | None, principal: Principal) -> Step:
    """The caller's own step under a lease. The sender has no say here: what people approved must stay what is done."""
    address = principal.agent.address if principal.agent else ""
    own = [step for step in locked.steps if step.kind == "agent" and step.agent_address == address]
    if not own:
        raise Forbidden("A checkpoint comes from the agent that holds the step.", code="invalid_actor_scope")
    held = next((step for step in own if step.status == StepStatus.CURRENT), None)
    if held is None or (handle is not None and handle.agent_address == address and handle.pk != held.pk):
        raise Conflict("You do not hold this step (any more): take the work again first.", code="step_not_held")
    return held


def _checked_grants(workspace: Workspace, grants: dict[str, Any]) -> dict[str, Any]:
    """By full address. Nothing that a grant can say lets a machine decide."""
    checked: dict[str, Any] = {}
    for name, grant in grants.items():
        if not name.startswith(DELEGATE):
            raise Invalid(f"grants_patch: write {name[:80]!r} as delegate:agent://...", code="invalid_grant")
        address = full_address(workspace, name.removeprefix(DELEGATE))
        if grant is not None and not _is_grant(grant):
            raise Invalid(f"grants_patch: a grant is {{'allow': [...]}} of {', '.join(ACTIONS)}.", code="invalid_grant")
        checked[f"{DELEGATE}{address}"] = grant
    return checked


def _is_grant(grant: Any) -> bool:
    allowed = grant.get("allow") if isinstance(grant, dict) and set(grant) == {"allow"} else None
    return isinstance(allowed, list) and all(action in ACTIONS for action in allowed) and len(allowed) <= len(ACTIONS)


def _patched(old: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**old, **patch}.items() if value is not None}


def _stored(intent: Intent, name: str, *parts: str) -> dict[str, Any]:
    kept = intent.texts.request.get(name) or {}
    return {part: kept.get(part) or {} for part in parts}


def _store(intent: Intent, name: str, value: dict[str, Any]) -> None:
    if len(canonical(value)) > STORE_LIMIT:
        raise TooLarge(f"The {name} of an intent are limited to {STORE_LIMIT // 1024} KiB.", code=f"{name}_too_large")
    intent.texts.request[name] = value
    intent.texts.save(update_fields=["request"])
