"""Holding a gate for changes, under the intent's lock: somebody sent it back, and the requester may amend it."""

from __future__ import annotations

from approvals.clockwork import restart_chain
from approvals.models import Gate, Person
from intents.clock import iso
from intents.lifecycle import Status, WaitingReason, is_final
from intents.models import Intent, Step
from intents.services.lock import Locked

HELD = "This waits for changes by whoever asked; answers are taken again once it was amended."


def is_amendable(locked: Locked) -> bool:
    """True if whoever sent it said that they would change it, and still may."""
    return bool(locked.intent.texts.request.get("amendable")) and not work_started(locked)


def work_started(locked: Locked) -> bool:
    """True once an agent was handed any of it: what it does then is not to be changed any more."""
    return any(step.first_handed_at is not None for step in locked.steps)


def has_begun(intent: Intent) -> bool:
    """As `work_started`, read without the lock; or it is over."""
    return is_final(intent.status) or intent.steps.filter(first_handed_at__isnull=False).exists()


def hold(locked: Locked, gate: Gate, person: Person) -> None:
    """Wait for the requester until the gate's deadline. Nobody is reminded meanwhile, and nobody else decides."""
    gate.held_at = locked.now
    gate.save(update_fields=["held_at"])
    rest(_step(locked, gate), gate)
    own = gate.decisions.filter(person=person, taken_back_at=None).select_related("text").get()
    said = {"gate_id": str(gate.pk), "title": gate.title, "by": person.email, "name": person.name}
    locked.set_status(Status.WAITING, WaitingReason.HUMAN, locked.intent.pending_with)
    until = iso(gate.expires_at)
    locked.record("intent.held_for_changes", person.actor, said | {"comment": own.text.comment, "until": until})


def release(locked: Locked, gate: Gate) -> None:
    """Ask on: the chain begins again, and the deadline stays."""
    gate.held_at = None
    gate.save(update_fields=["held_at"])
    restart_chain(locked, _step(locked, gate), gate)


def rest(step: Step, gate: Gate) -> None:
    """Nobody is reminded before the gate's deadline."""
    step.wake_at = min(gate.expires_at, gate.handover_at or gate.expires_at)
    step.save(update_fields=["wake_at"])


def _step(locked: Locked, gate: Gate) -> Step:
    return next(row for row in locked.steps if row.pk == gate.step_id)
