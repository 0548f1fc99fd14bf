"""The clock's tick. It carries nothing: what is due stands in the rows."""

from __future__ import annotations

from celery import shared_task

from intents import clock, ports
from intents.keeping import MOST, tidy
from intents.services.anchors import AT_ONCE, keep_anchors
from intents.services.checkpoints import PAGE, write_checkpoint
from intents.services.mesh import BATCH as RECALLS
from intents.services.mesh import recall_killed
from intents.sweeps import BATCH, wake_due
from intents.ticks import Tick

_wake = Tick(wake_due, BATCH)
_recall = Tick(recall_killed, RECALLS)
_checkpoint = Tick(write_checkpoint, PAGE)
_anchor = Tick(keep_anchors, AT_ONCE)
_tidy = Tick(tidy, MOST)
TIDY_EVERY_MINUTES = 15


@shared_task(name="wake", ignore_result=True)
def wake() -> None:
    """Measure the clock, then let everything that is due happen, and the sweeps of other apps; then the record is
    checkpointed and anchored.

    Four times an hour what has run out is deleted.
    """
    clock.measure()
    _recall()
    _wake()
    for sweep in ports.sweeps():
        sweep()
    _checkpoint()
    _anchor()
    if clock.now().minute % TIDY_EVERY_MINUTES == 0:
        _tidy()
