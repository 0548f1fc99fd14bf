"""Whether it is sure enough who says yes, and that they mean it: as the gate's terms ask. A no needs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from approvals.conduct import is_high_risk, strength_of
from approvals.models import Gate
from approvals.outcomes import OutcomeClass
from approvals.services.answer import Fault
from approvals.strength import LINK, SIGN_IN_TO_ACCEPT, Shown, Strength


@dataclass(frozen=True)
class Sureness:
    """Since when somebody is signed in, and whether they said yes to the one more question."""

    signed_in_at: datetime | None = None
    asked_again: bool = False


UNKNOWN = Sureness()


def not_sure_enough(gate: Gate, outcome: str, strength: str, sureness: Sureness, now: datetime) -> Fault | None:
    """Why this yes is not taken in this way; None for any other answer."""
    if dict(gate.ask.outcomes).get(outcome) != OutcomeClass.YES:
        return None
    fault = too_weak(gate, Shown(strength, sureness.signed_in_at), now)
    if fault is None and is_high_risk(gate.terms.body) and not sureness.asked_again:
        question = once_more(gate)
        return Fault("confirm_needed", f"{question} This is of high risk: say yes once more.", {"question": question})
    return fault


def too_weak(gate: Gate, shown: Shown, now: datetime) -> Fault | None:
    """Why a yes cannot be given by whoever is known in this way."""
    wanted = strength_of(gate.terms.body)
    if shown.is_enough_for(wanted, now):
        return None
    return Fault("sign_in_needed", _sentence(wanted, shown), {"strength": wanted.as_json})


def once_more(gate: Gate) -> str:
    """The one more question before a yes."""
    return f"Approve {gate.intent.intent_type} on {gate.intent.to_agent.rsplit('/', 1)[-1]}?"


def _sentence(wanted: Strength, shown: Shown) -> str:
    if shown.name == LINK:
        return SIGN_IN_TO_ACCEPT
    if wanted.minutes is not None and shown.signed_in_at is not None:
        return f"Accepting this needs {wanted.words}; yours was at {shown.signed_in_at:%H:%M} UTC. Sign in again."
    return f"Accepting this needs {wanted.words}. Sign in on its page, then accept there."
