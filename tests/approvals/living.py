"""A world in which time passes and everything runs: the clock is swept, events are announced, mails are sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import time_machine

from approvals.models import Gate
from intents import clock
from intents.models import Intent
from intents.sweeps import wake_due
from notifications.announce import announce_due
from notifications.deliver import deliver_due
from notifications.models import Delivery, DeliveryStatus
from tests.acts import START

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600


def live(traveller: time_machine.Traveller, seconds: float) -> None:
    """Let time pass; whatever becomes due on the way happens at its moment."""
    end = clock.now() + timedelta(seconds=seconds)
    _do_all()
    while (moment := _next(end)) is not None:
        traveller.move_to(max(moment, clock.now()))
        _do_all()
    traveller.move_to(end)


def told(gate: Gate, since: datetime = START) -> list[tuple[int, str, str]]:
    """Minute, purpose and name of each message that was sent, in order; the outcome is another matter."""
    rows = Delivery.objects.filter(gate_id=gate.pk, status=DeliveryStatus.SENT).exclude(purpose="closed")
    return [
        (int((row.settled_at - since).total_seconds() // 60), row.purpose, row.address.partition("@")[0])
        for row in rows.order_by("settled_at", "event_id", "address")
        if row.settled_at
    ]


def step(*who: str, **fields: Any) -> dict[str, Any]:
    """One step of a chain that names these people."""
    return {**({"who": list(who)} if who else {}), **fields}


def remind(after: int, most: int = 1) -> dict[str, int]:
    """So often, `after` seconds apart."""
    return {"after": after, "every": after, "most": most}


def _do_all() -> None:
    while wake_due() + announce_due() + deliver_due():
        pass
    assert not Intent.objects.filter(wake_at__lte=clock.now()).exists(), "what is done is not due any more"


def _next(end: datetime) -> datetime | None:
    intents = Intent.objects.filter(wake_at__lte=end).values_list("wake_at", flat=True)
    queued = Delivery.objects.filter(status=DeliveryStatus.QUEUED, not_before__lte=end)
    moments = [*intents, *queued.values_list("not_before", flat=True)]
    return min((moment for moment in moments if moment is not None), default=None)
