"""Bringing moments nearer by writing rows: what the rules forbid to ask for, tests cannot wait for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from approvals.chains.walk import Progress, Times, scheduled
from approvals.models import Gate
from approvals.progress import MOMENTS, progress_json, progress_of
from approvals.stepping import course_of
from intents import clock
from intents.models import Intent, Step

FAR = timedelta(days=60)
"""What comes after the deadline can be made due, too."""


class Window:
    """So soon a gate expires that people and the clock are first about equally often, however busy the machine is."""

    STEP, LONGEST = 1.15, 0.5

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def learn(self, people_were_first: bool) -> None:
        """The next time a little less, or a little more."""
        wanted = self.seconds / self.STEP if people_were_first else self.seconds * self.STEP
        self.seconds = min(wanted, self.LONGEST)


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
        gate.progress = progress_json(_due_at(moment, gate))
        gate.save(update_fields=["progress"])
    Step.objects.filter(gate__in=gates).update(wake_at=moment)
    Intent.objects.filter(gates__in=gates, wake_at__isnull=False).update(wake_at=moment)


def _due_at(moment: datetime, gate: Gate) -> Progress:
    """As if everything so far had been so much earlier that the next thing is due then."""
    course, progress = course_of(gate), progress_of(gate.progress, gate.opened_at)
    began = replace(progress, began_at=progress.began_at or progress.entered_at)
    began = scheduled(course.chain, Times(gate.expires_at + FAR), began, progress.entered_at)
    assert began.next_at, "the chain has come to its end"
    early = began.next_at - moment
    moments = {name: getattr(began, name) for name in MOMENTS}
    return replace(began, **{name: was - early for name, was in moments.items() if was})
