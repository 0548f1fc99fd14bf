"""What keeps a worker process honest: without a broker it ticks by itself, and if nothing gets on at all, it ends."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable

from django.db import connections

from config import metrics
from intents import tasks, ticks
from notifications import tasks as telling
from notifications import wakeup

log = logging.getLogger(__name__)

OWN_TICK_AFTER_SECONDS = 5.0
END_AFTER_SECONDS = 60.0
LOOK_EVERY_SECONDS = 1.0
EXIT_CODE = 75  # EX_TEMPFAIL: start me again
OWN_TICKS: list[Callable[[], None]] = [tasks.wake, telling.announce, telling.deliver, telling.push]


def guard() -> None:
    """Start the threads of a worker process: the drain of its nudges, and this watchdog."""
    wakeup.start()
    metrics.serve_worker()
    ticks.alive()
    for run in (tick_without_broker, end_when_stuck):
        threading.Thread(target=run, daemon=True, name=run.__name__).start()


def tick_without_broker() -> None:
    """When no tick has come for 5 s, the broker or every beat is away: the rows are still due."""
    while True:
        time.sleep(LOOK_EVERY_SECONDS)
        if ticks.idle_seconds() > OWN_TICK_AFTER_SECONDS:
            log.warning("no tick for %d s, ticking without the broker", OWN_TICK_AFTER_SECONDS)
            tick_once()


def tick_once() -> None:
    """All of them, in this thread, which keeps no connection afterwards."""
    for tick in OWN_TICKS:
        try:
            tick()
        except Exception:  # the next second tries again; a minute without success ends the process
            log.exception("own tick failed")
    connections.close_all()


def end_when_stuck() -> None:
    """A worker in which nothing was finished for a minute cannot be trusted: its supervisor starts a new one."""
    while True:
        time.sleep(LOOK_EVERY_SECONDS)
        idle = ticks.idle_seconds()
        if idle > END_AFTER_SECONDS:
            log.critical("no tick was finished for %d s: this worker ends, to be started again", idle)
            logging.shutdown()
            sys.stderr.flush()
            os._exit(EXIT_CODE)
