"""What an open gate hears when somebody with a seat may not decide any more, or may again, under its intent's lock."""

from __future__ import annotations

from approvals import selectors
from approvals.clockwork import escalate_now, somebody_is_told
from approvals.directory import label
from approvals.models import Gate, Gone, Person
from approvals.outcomes import OutcomeClass
from approvals.services.hold import release
from approvals.services.standins import stand_in
from intents.services.lock import Locked

WHY = "may not decide in this workspace any more"


def leave(locked: Locked, gate: Gate, person: Person) -> None:
    """Nobody waits for them, nor for changes that they wanted.

    Where a line can no longer be met, or nobody can be told, the gate escalates at once.
    """
    if not gate.seats.filter(person=person).exclude(gone=Gone.LEFT).update(gone=Gone.LEFT):
        return
    details = {"gate_id": str(gate.pk), "person": person.email, "why": WHY}
    locked.record("intent.person_unreachable", "server", details)
    stand_in(locked, gate)
    if gate.held_at is not None and selectors.count(gate).result != OutcomeClass.BACK:
        release(locked, gate)
    step = locked.current
    if step is None or step.pk != gate.step_id:
        return
    if shortfall(gate) or not somebody_is_told(gate):
        escalate_now(locked, step, gate, reason="nobody")


def come_back(locked: Locked, gate: Gate, person: Person) -> None:
    """They are waited for again, and count as told from their next message on: nobody was told the whole time."""
    if gate.seats.filter(person=person, gone=Gone.LEFT).update(gone="", told_at=None):
        stand_in(locked, gate)


def shortfall(gate: Gate) -> str:
    """Which line can no longer be met by those who may decide now, in words; "" if all can."""
    seats = selectors.eligible_seats(gate)
    for number, entry in enumerate(gate.terms.body["requirement"]):
        have = len({seat.person_id for seat in seats if seat.line == number})
        if have < entry["need"]:
            who = label(entry["who"])
            return f"escalates: {entry['need']} of {who} must agree, and {have} may; an admin has to add people"
    return ""
