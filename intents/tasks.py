"""The clock's tick. It carries nothing: what is due stands in the rows."""

from __future__ import annotations

from celery import shared_task

from intents import clock
from intents.sweeps import BATCH, wake_due
from intents.ticks import Tick

_wake = Tick(wake_due, BATCH)


@shared_task(name="wake", ignore_result=True)
def wake() -> None:
    """Measure the clock, then let everything that is due happen."""
    clock.measure()
    _wake()
