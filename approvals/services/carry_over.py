"""A yes that was given when an intent was first tried, taken over into the next try: only if nothing has changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from approvals import selectors
from approvals.carried import deciders_of, original
from approvals.models import CARRIED_OVER, Gate, GateAsk
from approvals.outcomes import OutcomeClass
from approvals.services.gates import earlier_results, subject_digest
from intents.ids import new_id
from intents.lifecycle import LEFT_OUT
from intents.models import Intent, Step
from intents.services.lock import Locked
from intents.services.retry import Carry

OWN = ("id", "intent_id", "step_id", "opened_at", "closed_at", "expires_at", "reason", "carried_from", "source")


def carrier(intent: Intent) -> Carry:
    """Takes over the gates of `intent` on which people said yes, each once."""
    gates = Gate.objects.filter(intent=intent, outcome_class=OutcomeClass.YES).exclude(step__status__in=LEFT_OUT)
    free = {gate.pk: gate for gate in gates.select_related("ask", "terms", "workspace").order_by("opened_at")}

    def carry(locked: Locked, step: Step) -> bool:
        old = _same(locked, step, free.values())
        if old is None:
            return False
        _close_like(locked, step, free.pop(old.pk))
        return True

    return carry


def _same(locked: Locked, step: Step, gates: Iterable[Gate]) -> Gate | None:
    """The gate that asked exactly this, lately enough, and whose voters would settle it today as well."""
    title = step.spec["ask"]["title"] or selectors.own_title(locked.intent)
    digest = subject_digest(locked, step, title, earlier_results(locked, step))
    return next((gate for gate in gates if gate.digest == digest and _stands(locked, gate)), None)


def _stands(locked: Locked, gate: Gate) -> bool:
    if gate.reason not in ("decided", CARRIED_OVER) or gate.closed_at is None:
        return False
    if locked.now > gate.closed_at + timedelta(seconds=gate.terms.body["deadline"]):
        return False
    asked = Gate.objects.select_related("terms", "workspace").get(pk=original(gate).pk)
    asked.intent = locked.intent  # who may decide on the new one
    return selectors.count(asked).result == OutcomeClass.YES


def _close_like(locked: Locked, step: Step, old: Gate) -> None:
    gate = Gate(
        **_copied(old, OWN),
        id=new_id(),
        intent=locked.intent,
        step=step,
        source=step.source,
        opened_at=locked.now,
        closed_at=locked.now,
        expires_at=locked.now,
        reason=CARRIED_OVER,
        carried_from=old.pk,
    )
    gate.save(force_insert=True)
    GateAsk(**_copied(old.ask, ("gate_id",)), gate=gate).save(force_insert=True)
    said = {"gate_id": str(gate.pk), "title": gate.title, "outcome": gate.outcome, "digest": gate.digest}
    from_ = {"from_gate_id": str(old.pk), "from_intent_id": str(old.intent_id), "decided_by": deciders_of(gate)}
    locked.record("intent.gate_carried_over", "server", said | from_)


def _copied(row: Any, but: tuple[str, ...]) -> dict[str, Any]:
    names = [field.attname for field in row._meta.concrete_fields]
    return {name: getattr(row, name) for name in names if name not in but}
