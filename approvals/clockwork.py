"""What the clock does to an open gate, under the intent's lock: remind, escalate, and end it on silence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from approvals import chain
from approvals.away import overlapping
from approvals.models import Gate, Membership, Seat
from approvals.outcomes import OutcomeClass
from approvals.progress import progress_json, progress_of
from approvals.services.gates import close_gate, set_wake
from approvals.terms import chain_of
from intents.lifecycle import Status, StepStatus
from intents.models import Step
from intents.ports import StepEnd
from intents.services.lock import Locked

SPREAD_SECONDS = 60
TOLD_WITHIN_SECONDS = 300


def run_chain(locked: Locked, step: Step, gate: Gate) -> None:
    """Take the chain's next step if it is due, and set when the one after it is."""
    due, progress = chain.advance(chain_of(gate.terms.body), progress_of(gate.progress), locked.now, _spread(gate))
    if due.remind:
        of = gate.terms.body["max_reminders"]
        locked.record(
            "intent.reminder", "server", _about(gate) | {"number": due.remind, "of": of, "skipped": due.skipped}
        )
    if due.escalate:
        locked.record("intent.escalated", "server", _about(gate) | {"escalated_to": gate.terms.body["escalate_to"]})
    keep_progress(step, gate, progress)


def escalate_now(locked: Locked, step: Step, gate: Gate, *, reason: str = "unreachable", actor: str = "server") -> bool:
    """Take the next escalation at once: nobody can be reached, or somebody asked for it. False if there is none left.

    `reason` is silence, unreachable, asked or nobody; the event says it.
    """
    progress = progress_of(gate.progress)
    if progress.escalated or not gate.terms.body["escalate_to"]:
        return False
    details = _about(gate) | {"escalated_to": gate.terms.body["escalate_to"], "reason": reason}
    locked.record("intent.escalated", actor, details)
    keep_progress(step, gate, replace(progress, escalated=True))
    return True


def restart_chain(locked: Locked, step: Step, gate: Gate) -> None:
    """Begin the chain again from now, as if the gate had just opened. Its deadline stays."""
    keep_progress(step, gate, chain.start(chain_of(gate.terms.body), locked.now))


def put_off(locked: Locked, step: Step, gate: Gate, seconds: int) -> None:
    """Somebody takes care: what the chain would do next waits this much longer, never past the deadline."""
    progress = progress_of(gate.progress)
    if progress.next_at is not None:
        later = min(max(progress.next_at, locked.now) + timedelta(seconds=seconds), gate.expires_at)
        keep_progress(step, gate, replace(progress, next_at=later))


def reschedule(locked: Locked, step: Step, gate: Gate) -> None:
    """The gate's deadline is another one: the step wakes by it."""
    step.deadline_at = gate.expires_at
    step.save(update_fields=["deadline_at"])
    keep_progress(step, gate, progress_of(gate.progress))


def keep_progress(step: Step, gate: Gate, progress: chain.Progress) -> None:
    """Write how far the chain has come, and the moment of its next step."""
    gate.progress = progress_json(progress)
    gate.save(update_fields=["progress"])
    set_wake(step, gate, progress)
    step.save(update_fields=["wake_at"])


def expire(locked: Locked, gate: Gate) -> StepEnd:
    """Nobody answered in time: what was stated beforehand happens, and it is "not approved" unless stated in words."""
    stated = gate.terms.body["on_timeout"]
    if stated == "approve" and not gate.was_changed and not somebody_objected(gate) and everybody_was_told(gate):
        outcome = next(name for name, cls in gate.ask.outcomes if cls == OutcomeClass.YES)
        close_gate(locked, gate, outcome=outcome, outcome_class=OutcomeClass.YES, reason="timeout")
        return StepEnd(StepStatus.DONE, "server", None, "timeout", outcome)
    if stated in ("expire", "approve"):
        close_gate(locked, gate, outcome="expired", outcome_class=OutcomeClass.NO, reason="timeout")
        return StepEnd(StepStatus.TIMED_OUT, "server", Status.TIMED_OUT, "timeout", "expired")
    outcome = "canceled" if stated == "cancel" else stated
    close_gate(locked, gate, outcome=outcome, outcome_class=OutcomeClass.NO, reason="timeout")
    final = Status.FAILED if outcome == "failed" else Status.CANCELED
    return StepEnd(StepStatus.CANCELED, "server", final, "timeout", outcome)


def somebody_objected(gate: Gate) -> bool:
    """True if a no stands that was not enough to close the gate: then nobody may call it silence."""
    return gate.decisions.filter(taken_back_at=None).exclude(outcome_class=OutcomeClass.YES).exists()


def everybody_was_told(gate: Gate) -> bool:
    """True if each line had enough reachable people with a sent message for (nearly) the gate's whole time."""
    active = set(
        Membership.objects.filter(
            workspace_id=gate.workspace_id, is_active=True, can_decide=True, person__is_active=True
        ).values_list("person_id", flat=True)
    )
    excluded = set(gate.intent.excluded)
    away = set(overlapping(gate.workspace_id, gate.opened_at, gate.expires_at).values_list("person_id", flat=True))
    active -= away
    told: dict[int, int] = {}
    for seat in Seat.objects.filter(gate=gate, told_at__isnull=False, unreachable=False):
        soon = seat.told_at is not None and (seat.told_at - gate.opened_at).total_seconds() <= TOLD_WITHIN_SECONDS
        if soon and seat.person_id in active and str(seat.person_id) not in excluded:
            told[seat.line] = told.get(seat.line, 0) + 1
    return all(told.get(number, 0) >= entry["need"] for number, entry in enumerate(gate.terms.body["requirement"]))


def _about(gate: Gate) -> dict[str, str]:
    return {"gate_id": str(gate.pk), "title": gate.title}


def _spread(gate: Gate) -> float:
    """A moment of its own for each gate within the next minute, the same each time it is asked for."""
    return 1.0 + gate.pk.int % SPREAD_SECONDS
