"""The door of all acts on an open gate: its intent's lock, the gate as it stands, and the first reasons to refuse."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from approvals.models import Gate, Membership, Person
from approvals.selectors import may_decide
from approvals.services.decide import takes_none
from approvals.services.seats import reseat
from approvals.services.verdict import Verdict, refused, too_late
from intents.errors import NotFound
from intents.models import Step
from intents.services.lock import Locked, locked_intent

TEXT_LIMIT = 2000


@dataclass(frozen=True)
class Acting:
    """A gate under its intent's lock."""

    locked: Locked
    gate: Gate

    @property
    def now(self) -> datetime:
        """The moment of the act."""
        return self.locked.now

    @property
    def step(self) -> Step:
        """The gate's own step."""
        return next(row for row in self.locked.steps if row.pk == self.gate.step_id)

    def record(self, act: str, actor: str, details: dict[str, Any]) -> None:
        """The event `intent.<act>` of this gate."""
        self.locked.record(f"intent.{act}", actor, {"gate_id": str(self.gate.pk)} | details)

    def over(self) -> Verdict | None:
        """The refusal of every act once the gate has its outcome, or its time has run out."""
        if not self.gate.is_open:
            return too_late(self.gate)
        if self.now >= self.gate.expires_at:
            return refused(self.gate, "expired", f"The time for this ran out at {self.gate.expires_at:%H:%M} UTC.", 409)
        return None

    def not_a_decider(self, person: Person) -> Verdict | None:
        """The refusal of whoever may not decide here now; of everybody while no answer is taken."""
        none = takes_none(self.locked, self.gate)
        if none is not None:
            return none
        why = may_decide(self.gate, person)
        return refused(self.gate, why.code, why.message, 403) if why else None

    def not_a_member(self, person: Person) -> Verdict | None:
        """The refusal of whoever may not see this gate."""
        rows = Membership.objects.filter(person=person, person__is_active=True, is_active=True)
        if rows.filter(workspace_id=self.gate.workspace_id).exists():
            return None
        return refused(self.gate, "not_a_member", "This is for members of the workspace.", 403)

    def bad_text(self, text: str, what: str) -> Verdict | None:
        """The refusal of words that are missing or too long. `what` names them: `the question`."""
        if not text:
            return refused(self.gate, "text_required", f"Write {what} first.", 422)
        if len(text) > TEXT_LIMIT:
            return refused(self.gate, "text_too_long", f"At most {TEXT_LIMIT} characters are taken for {what}.", 422)
        return None


@contextmanager
def acting_on(gate_id: uuid.UUID) -> Iterator[Acting]:
    """Hold the gate's intent. NotFound for an unknown gate."""
    intent_id = Gate.objects.filter(pk=gate_id).values_list("intent_id", flat=True).first()
    if intent_id is None:
        raise NotFound("There is no such gate.")
    with locked_intent(intent_id) as locked:
        gate = Gate.objects.select_related("ask", "terms", "workspace").get(pk=gate_id)
        gate.intent = locked.intent
        if gate.is_open:
            reseat(locked, gate)
        yield Acting(locked, gate)


def done(gate: Gate, code: str, message: str, **details: Any) -> Verdict:
    """The act stands in the history. `details` go onto the wire."""
    return Verdict(True, code, message, gate, details=details)


def nothing_to_do(gate: Gate, code: str, message: str) -> Verdict:
    """It is so already: no error, and no second event."""
    return Verdict(False, code, message, gate)
