"""The clock's tick. It carries nothing: what is due stands in the rows."""

from __future__ import annotations

from celery import shared_task

from intents import clock
from intents.services.idempotency import forget_old
from intents.sweeps import BATCH, wake_due
from intents.ticks import Tick

_wake = Tick(wake_due, BATCH)
_forget = Tick(forget_old, BATCH)
FORGET_EVERY_MINUTES = 15


@shared_task(name="wake", ignore_result=True)
def wake() -> None:
    """Measure the clock, then let everything that is due happen."""
    clock.measure()
    _wake()
    if clock.now().minute % FORGET_EVERY_MINUTES == 0:
        _forget()
