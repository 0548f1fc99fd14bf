"""How intents, events and agents look on the wire."""

from __future__ import annotations

import json
from typing import Any

from intents.clock import iso
from intents.lifecycle import OPEN_STEP, is_final, legacy_status
from intents.masking import shown_payload
from intents.models import Event, Intent, Step


def intent_json(intent: Intent, handle: Step | None = None, *, in_full: bool = False) -> dict[str, Any]:
    """The intent with everything that AXP clients read; `result` is the terminal details once it is final."""
    texts, request = intent.texts, intent.texts.request
    times = request.get("times") or {}
    step = handle or intent.steps.filter(status__in=OPEN_STEP, kind="agent").first()
    return {
        "intent_id": str(handle.pk if handle else intent.pk),
        "status": intent.status,
        "lifecycle_status": intent.status,
        "legacy_status": legacy_status(intent.status),
        "waiting_reason": intent.waiting_reason or None,
        "pending_with": intent.pending_with,
        "created_at": iso(intent.created_at),
        "updated_at": iso(intent.updated_at),
        "deadline_at": iso(intent.deadline_at),
        "due_at": iso(intent.wake_at),
        "intent_type": intent.intent_type,
        "correlation_id": intent.correlation_id,
        "from_agent": f"key:{intent.sender.service_account.name}",
        "to_agent": intent.to_agent,
        "reply_to": request.get("reply_to") or None,
        "payload": json.loads(texts.payload) if in_full else shown_payload(texts),
        "human_task": request.get("human_task"),
        "remind_after_seconds": times.get("remind_after"),
        "remind_interval_seconds": times.get("remind_interval"),
        "max_reminders": times.get("max_reminders"),
        "remind_count": sum(gate.progress.get("reminders", 0) for gate in _gates(intent)),
        "escalate_to": times.get("escalate_to") or None,
        "max_delivery_attempts": request.get("max_delivery_attempts"),
        "delivery_attempt": step.attempt if step else 0,
        "policy_generation": intent.policy_generation,
        **_agreed(request),
        "retry_of": str(intent.retry_of) if intent.retry_of else None,
        "plan": texts.plan.get("steps", []),
        "plan_reasons": texts.plan.get("reasons", []),
        "warnings": texts.warnings,
        "result": json.loads(texts.result) if is_final(intent.status) and texts.result else None,
        "purged_at": iso(texts.purged_at),
    }


def event_json(event: Event) -> dict[str, Any]:
    """One event, or what a purge left of it."""
    body = event.said()
    return {
        "intent_id": str(event.intent_id),
        "seq": event.seq,
        "event_type": event.event_type,
        "status": event.status,
        "at": iso(event.at),
        "waiting_reason": event.waiting_reason or None,
        "pending_with": body["pending_with"],
        "handler": None,
        "actor": event.actor,
        "details": body["details"],
    }


def _agreed(request: dict[str, Any]) -> dict[str, Any]:
    """What programs stored beside the intent (services.patching); nobody approved it."""
    controls, policy = request.get("controls") or {}, request.get("policy") or {}
    return {
        "controls": controls.get("values") or {},
        "checkpoints": controls.get("checkpoints") or {},
        "grants": policy.get("grants") or {},
        "envelope": policy.get("envelope") or {},
    }


def _gates(intent: Intent) -> list[Any]:
    return list(intent.gates.all()) if hasattr(intent, "gates") else []
