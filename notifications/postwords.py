"""What a post says to a place where several people read it, in place of what a message says to its one reader."""

from __future__ import annotations

from approvals.directory import people_named
from approvals.models import Gate
from notifications.audience import CHANGES
from notifications.case import Case
from notifications.models import Purpose
from notifications.recipients import still_asked
from notifications.wording import names

POSTED = "Posted here by the policy's wish. Whoever must agree is named below; nobody else's press counts."
CHANGED = "The request was changed while it was asked. Answers given before do not count: look again."


def post_reason(case: Case, gate: Gate, number: str) -> str:
    """Why it stands there, and who is still asked. Nobody is pinged by it: they have messages of their own."""
    if case.delivery.event.event_type in CHANGES:
        return CHANGED
    said = {
        Purpose.REMINDER: f"{number}: this still waits for an answer.",
        Purpose.ESCALATION: "This was escalated, because nobody has settled it so far.",
        Purpose.WARNING: "The time for this is nearly over, and nobody has settled it so far.",
    }.get(Purpose(case.delivery.purpose))
    return f"{said} {_asked(case, gate)}".rstrip() if said else POSTED


def _asked(case: Case, gate: Gate) -> str:
    """Of an escalation those whom it reached; else everybody who has not answered."""
    people = still_asked(gate, case.now)
    if named := case.details.get("escalated_to"):
        reached = {person.pk for person in people_named(gate.workspace, map(str, named))}
        return f"Asked now: {names([person.name for person in people if person.pk in reached])}."
    return f"Still asked: {names([person.name for person in people])}." if people else ""
