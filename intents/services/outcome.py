"""The terminal details: the one answer that programs get, the same in events, in `intent.result` and elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from intents.clock import iso
from intents.digest import canonical
from intents.lifecycle import LEFT_OUT, Status, StepStatus
from intents.masking import shown_digest, shown_payload
from intents.models import Intent, Step, StepResult
from intents.ports import kind_of
from intents.services.lock import Locked
from intents.services.payloads import edited_by_people
from intents.services.receipts import at_the_end
from intents.updates import update

SUMMARIES = {
    "auto_approved": "Passed: a policy lets this kind of intent through.",
    "no_gate": "Done: no approval was asked for.",
    "auto_denied": "Denied by policy.",
    "withdrawn": "Withdrawn before it was done.",
    "delivery_failed": "The agent took the work but never answered.",
    "agent_unavailable": "No agent was there to take the work before the deadline.",
    "deadline": "The deadline passed before everything was done.",
}


@dataclass(frozen=True)
class Ending:
    """How and why an intent ends."""

    status: Status
    reason: str
    actor: str
    outcome: str = ""
    error: dict[str, Any] | None = None


def terminal_details(locked: Locked, ending: Ending) -> dict[str, Any]:
    """Every key is always present. Only `result` holds words of an agent; the rest is written by the server."""
    payload = locked.texts
    silent = (StepStatus.PENDING, *LEFT_OUT)
    reports = [kind_of(step).report(step) for step in locked.steps if step.status not in silent]
    gates = [report["gate"] for report in reports if report.get("gate")]
    last: dict[str, Any] = next((report for report in reversed(reports) if report.get("outcome")), {})
    results = [report["result"] for report in reports if report.get("result") is not None]
    reason = _reason(ending, last)
    completed = ending.status == Status.COMPLETED and ending.error is None
    approved = completed and all(gate["outcome_class"] == "yes" for gate in gates)
    receipt = at_the_end(locked, gates) if approved else None
    return {
        "approved": approved,
        "outcome": _outcome(ending, last),
        "reason": reason,
        "summary": _summary(reason, last, ending.error),
        "comment": last.get("comment", ""),
        "decided_by": last.get("decided_by", []),
        "decided_at": last.get("decided_at"),
        "fields": last.get("fields", {}),
        "result": results[-1] if results else None,
        "payload": shown_payload(payload),
        "edited": edited_by_people(locked.intent),
        "digest": last.get("digest") or shown_digest(payload),
        "gates": gates,
        "task_result": last.get("task_result"),
        "error": ending.error,
        "receipt": None,  # the token is put in when its sender reads this (receiptreads)
        "receipt_id": str(receipt.pk) if receipt else None,
        "url": f"{settings.BASE_URL}/intents/{locked.intent.id}",
    }


def write_result(intent: Intent, details: dict[str, Any]) -> None:
    """Keep the terminal details with the intent's texts; they are written once."""
    intent.texts.result = canonical(details | {"at": iso(intent.ended_at)}).decode()
    if not intent.texts._state.adding:
        update(intent.texts, "result")


def stored_result(step: Step) -> dict[str, Any] | None:
    """The result that an agent gave for this step, or None."""
    row: StepResult | None = getattr(step, "result_row", None)
    return json.loads(row.result) if row else None


def keep_result(locked: Locked, step: Step, result: dict[str, Any], actor: str) -> None:
    """Store the first result for a step."""
    row = StepResult(step=step, result=canonical(result).decode(), actor=actor, at=locked.now)
    row.save(force_insert=True)
    step.result_row = row


def _outcome(ending: Ending, last: dict[str, Any]) -> str:
    if ending.status == Status.COMPLETED and last and ending.error is None:
        return str(last["outcome"])
    return ending.outcome or ending.status.lower()


def _reason(ending: Ending, last: dict[str, Any]) -> str:
    """What was completed after a gate was completed for that gate's reason: decided, timeout, ..."""
    if ending.status == Status.COMPLETED and last and ending.error is None:
        return str(last["gate"]["reason"])
    return ending.reason


def _summary(reason: str, last: dict[str, Any], error: dict[str, Any] | None) -> str:
    if reason == "agent_failed":
        return f"Failed: {(error or {}).get('message') or 'no reason was given.'}"
    if reason in SUMMARIES:
        return SUMMARIES[reason]
    return str(last.get("summary") or SUMMARIES["no_gate"])
