"""Issuing receipts, under the intent's lock: with an agent's work, or at the end for whoever acts then.

One yes is one receipt: whoever acts next gets it, and it is used once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings

from intents import receipts
from intents.addresses import split
from intents.ids import new_id
from intents.lifecycle import LEFT_OUT, StepStatus
from intents.models import Receipt, Step
from intents.ports import kind_of
from intents.receiptkeys import KeySet, key_set
from intents.services.lock import Locked
from intents.services.rows import insert
from intents.stepgraph import FAILED

DECIDED, AUTO_APPROVED = "decided", "auto_approved"

Gate = dict[str, Any]  # as in the terminal details


@dataclass(frozen=True)
class Basis:
    """What a receipt rests on: gates that closed yes, or else policies that let the intent pass without one."""

    outcome: str
    reason: str
    gates: list[Gate]
    policies: list[str]


def keys_of_receipts() -> KeySet:
    """The keys as they are set now."""
    return key_set(settings.RECEIPT_KEY, settings.RECEIPT_KEYS_OLD)


def for_work(locked: Locked, step: Step) -> Receipt | None:
    """The receipt that goes with this step's work, as every gate before it closed yes; None if nobody said yes.

    Redelivered work carries the same one. Only an expired one that was never used is replaced.
    """
    basis = _basis(locked, locked.steps[: step.position])
    if basis is None:
        return None
    last = Receipt.objects.filter(step=step).select_related("redemption").last()
    if last is not None and (last.used or locked.now < last.expires_at):
        return last
    return _issue(locked, basis, step)


def at_the_end(locked: Locked, gates: list[Gate]) -> Receipt | None:
    """The receipt of an intent that was accepted: the one that went with the work after the last gate, or a new one.

    `gates`: the reports of all its gates.
    """
    taken = [step for step in locked.steps if step.status not in LEFT_OUT]
    after = max((step.position for step in taken if step.kind == "human"), default=-1)
    worked = [step for step in taken if step.position > after and step.kind == "agent"]
    if worked:
        given = Receipt.objects.filter(step__in=worked).order_by("step__position", "issued_at", "pk").last()
        if given is not None:
            return given
    basis = _basis(locked, locked.steps, gates)
    return _issue(locked, basis, None) if basis else None


def _basis(locked: Locked, steps: list[Step], gates: list[Gate] | None = None) -> Basis | None:
    """What was agreed to by these steps. A yes by silence is named as the reason, whatever people decided besides."""
    asked = [step for step in steps if step.kind == "human" and step.status not in LEFT_OUT and FAILED not in step.spec]
    plan = locked.intent.texts.plan
    if not asked and plan.get("passed_by") == AUTO_APPROVED:
        passed = [row for row in plan["reasons"] if _passed(row)]
        return Basis("completed", AUTO_APPROVED, [], [f"{row['policy']}@{row['version']}" for row in passed])
    if not asked or any(step.status != StepStatus.DONE for step in asked):
        return None
    names = {step.name for step in asked}
    gates = [gate for gate in gates or [] if gate["step_id"] in names] or [
        kind_of(step).report(step)["gate"] for step in asked
    ]
    weakest = next((gate["reason"] for gate in gates if gate["reason"] != DECIDED), DECIDED)
    return Basis(gates[-1]["outcome"], weakest, gates, [])


def _passed(row: dict[str, Any]) -> bool:
    """True for a policy that let it pass; not for one after which nobody looked."""
    return bool(row["matched"] and row["action"] == "approve" and row.get("why", "matched") == "matched")


def _issue(locked: Locked, basis: Basis, step: Step | None) -> Receipt:
    life = timedelta(seconds=settings.RECEIPT_SECONDS)
    receipt = Receipt(
        id=new_id(),
        intent=locked.intent,
        step=step,
        executor=step.agent_address if step else "",
        issued_at=locked.now,
        expires_at=(locked.now + life).replace(microsecond=0),
    )
    receipt.token = receipts.sign(_claims(receipt, basis), keys_of_receipts())
    insert(receipt)
    return receipt


def _claims(receipt: Receipt, basis: Basis) -> receipts.Claims:
    """All that an executor needs to see that this is what it is about to do. Only the server's words."""
    intent = receipt.intent
    workspace = "/".join(split(intent.to_agent)[:2])  # a target is always of the intent's own workspace
    return {
        "iss": settings.BASE_URL,
        "aud": receipt.executor or workspace,
        "jti": str(receipt.pk),
        "iat": int(receipt.issued_at.timestamp()),
        "exp": int(receipt.expires_at.timestamp()),
        "workspace": workspace,
        "intent_id": str(intent.pk),
        "intent_type": intent.intent_type,
        "to_agent": intent.to_agent,
        "step_id": receipt.step.name if receipt.step else None,
        "payload_digest": intent.texts.payload_digest,
        "outcome": basis.outcome,
        "reason": basis.reason,
        "policies": basis.policies,
        "gates": [_gate(gate) for gate in basis.gates],
    }


def _gate(gate: Gate) -> Gate:
    said = [row for row in gate["decisions"] if row["counted"] and row["outcome"] is not None]
    return {
        **{key: gate[key] for key in ("gate_id", "digest", "source", "outcome", "reason", "closed_at")},
        "deciders": [{key: row[key] for key in ("by", "outcome", "via", "strength", "at")} for row in said],
    }
