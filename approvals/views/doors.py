"""By which door somebody comes to the form of a gate: what their session is enough for."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest

from approvals.models import Gate
from approvals.services.sureness import too_weak
from approvals.strength import SIGNED_IN, Shown
from approvals.views.answerform import Door
from approvals.views.sessions import signed_in_at


def page_door(request: HttpRequest, gate: Gate, now: datetime) -> Door:
    """The page of somebody who has signed in: a yes may need a sign-in that is more recent."""
    fault = too_weak(gate, Shown(SIGNED_IN, signed_in_at(request)), now)
    return Door(takes_yes=fault is None, why_not=fault.message if fault else "")
