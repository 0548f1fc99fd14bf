"""Bringing moments nearer by writing rows: what the rules forbid to ask for, tests cannot wait for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from approvals.models import Gate
from intents import clock
from intents.models import Intent, Step


def let_expire(gate: Gate, seconds: float) -> None:
    """Its time runs out so soon."""
    moment = clock.now() + timedelta(seconds=seconds)
    Gate.objects.filter(pk=gate.pk).update(expires_at=moment)
    Step.objects.filter(pk=gate.step_id).update(wake_at=moment)
    Intent.objects.filter(pk=gate.intent_id).update(wake_at=moment)


def make_due(gates: Iterable[Gate]) -> None:
    """The next step of their chains is due now. The intents come last: from then on a sweep may take them."""
    moment = clock.now() - timedelta(seconds=1)
    gates = list(Gate.objects.filter(pk__in=[gate.pk for gate in gates], closed_at=None))
    for gate in gates:
        gate.progress = gate.progress | {"next_at": moment.isoformat()}
        gate.save(update_fields=["progress"])
    Step.objects.filter(gate__in=gates).update(wake_at=moment)
    Intent.objects.filter(gates__in=gates, wake_at__isnull=False).update(wake_at=moment)
