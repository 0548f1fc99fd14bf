"""The end of what somebody has delegated by their own act: they took it back, answered, or may not decide."""

from __future__ import annotations

from collections.abc import Iterable

from approvals.models import Delegation, Gate
from intents.services.lock import Locked


def hand_back(locked: Locked, gate: Gate, row: Delegation, *, via: str) -> None:
    """Its person is asked themselves again."""
    _end(locked, gate, row, row.person.actor, {"via": via})


def end_of_the_excluded(locked: Locked, delegations: Iterable[Delegation]) -> None:
    """Whoever does not decide on this intent any more is represented by nobody."""
    for row in delegations:
        if row.person.ref in locked.intent.excluded:
            _end(locked, row.gate, row, "server", {})


def _end(locked: Locked, gate: Gate, row: Delegation, actor: str, more: dict[str, str]) -> None:
    row.ended_at = locked.now
    row.save(update_fields=["ended_at"])
    said = {"gate_id": str(gate.pk), "title": gate.title, "from": row.person.email, "to": row.to.email, "why": "asked"}
    locked.record("intent.delegation_ended", actor, said | more)
