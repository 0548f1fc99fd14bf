"""The end of what somebody has delegated by their own act: they took it back, or answered themselves."""

from __future__ import annotations

from approvals.models import Delegation, Gate
from intents.services.lock import Locked


def hand_back(locked: Locked, gate: Gate, row: Delegation, *, via: str) -> None:
    """Its person is asked themselves again."""
    row.ended_at = locked.now
    row.save(update_fields=["ended_at"])
    said = {"gate_id": str(gate.pk), "title": gate.title, "from": row.person.email, "to": row.to.email, "via": via}
    locked.record("intent.delegation_ended", row.person.actor, said | {"why": "asked"})
