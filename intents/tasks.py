"""The clock's tick. It carries nothing: what is due stands in the rows."""

from __future__ import annotations

from celery import shared_task

from intents import clock
from intents.keeping import MOST, tidy
from intents.sweeps import BATCH, wake_due
from intents.ticks import Tick

_wake = Tick(wake_due, BATCH)
_tidy = Tick(tidy, MOST)
TIDY_EVERY_MINUTES = 15


@shared_task(name="wake", ignore_result=True)
def wake() -> None:
    """Measure the clock, then let everything that is due happen; four times an hour what has run out is deleted."""
    clock.measure()
    _wake()
    if clock.now().minute % TIDY_EVERY_MINUTES == 0:
        _tidy()
