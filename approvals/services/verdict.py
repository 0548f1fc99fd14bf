"""What became of an answer. The loser of a race gets a sentence, not a trace."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from approvals.models import Decision, Gate
from approvals.report import PLACES, VERBS
from intents.errors import Conflict, DomainError, Forbidden, Invalid

ERRORS: dict[int, type[DomainError]] = {403: Forbidden, 409: Conflict, 422: Invalid}


@dataclass(frozen=True)
class Verdict:
    """`recorded` is True if the history now holds this answer. `status` is HTTP's word for it."""

    recorded: bool
    code: str
    message: str
    gate: Gate
    status: int = 200
    decision: Decision | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def raise_if_refused(self) -> None:
        """The DomainError of a refusal; nothing if the answer stands."""
        if self.status != 200:
            error = ERRORS[self.status](self.message, code=self.code, details=self.details)
            error.history_stands = True
            raise error

    def on_the_wire(self) -> dict[str, Any]:
        """`applied` and why; raises for refusals."""
        self.raise_if_refused()
        body: dict[str, Any] = {"applied": self.recorded, "gate_id": str(self.gate.pk), "message": self.message}
        return body if self.recorded else body | {"reason": self.code}


def recorded(gate: Gate, decision: Decision, message: str) -> Verdict:
    """The answer stands."""
    return Verdict(True, "recorded", message, gate, decision=decision)


def refused(gate: Gate, code: str, message: str, status: int, details: dict[str, Any] | None = None) -> Verdict:
    """The answer was not taken."""
    return Verdict(False, code, message, gate, status=status, details=details or {})


def already(gate: Gate, decision: Decision) -> Verdict:
    """The same person repeats the same answer: no error, and nothing more to do."""
    return Verdict(False, "already_recorded", f"You already answered this: {decision.outcome}.", gate, 200, decision)


def too_late(gate: Gate) -> Verdict:
    """The gate has its outcome; say whose it is, when and where."""
    last = gate.decisions.filter(taken_back_at=None).select_related("person").order_by("-at").first()
    at = f"{gate.closed_at:%H:%M} UTC" if gate.closed_at else ""
    if gate.by_people and last is not None:
        verb = VERBS.get(last.outcome, last.outcome.replace("_", " ")).lower()
        how = ", by breaking glass" if gate.reason == "break_glass" else ""
        message = f"{last.person.name} {verb} this at {at} {PLACES.get(last.via, last.via)}{how}."
    elif gate.reason == "withdrawn":
        message = f"This was withdrawn at {at}; no answer is needed any more."
    else:
        message = f"This ended at {at} without an answer: {gate.outcome}."
    details = {"outcome": gate.outcome, "reason": gate.reason}
    return refused(gate, "withdrawn" if gate.reason == "withdrawn" else "gate_closed", message, 409, details)
