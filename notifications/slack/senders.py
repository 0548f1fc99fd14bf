"""Threads of their own that speak to Slack, so that one slow answer holds up neither mail nor a tick nor each other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial

from django.db import connections

from intents import clock, ticks
from notifications.channels.base import Channel
from notifications.deliver import see_through
from notifications.slack.channel import SlackChannel
from notifications.slack.copies import rewrite_next
from notifications.slack.duplicates import look_again_due
from notifications.slack.lanes import claim_next, leave_if_unused
from notifications.slack.lookup import look_up_due
from notifications.slack.notices import announce_links_due

log = logging.getLogger(__name__)
SENDING, REWRITING, LOOKING_AFTER = 24, 4, 1
"""How many calls of Slack one process has under way at most, of each kind."""


class Workers:
    """As many threads as there is work for, up to `slots`. `work` does one piece; False if there is none."""

    def __init__(self, work: Callable[[], bool], slots: int, rest: Callable[[], None] = connections.close_all) -> None:
        self._work = work
        self._slots = threading.BoundedSemaphore(slots)
        self._rest = rest

    def start(self) -> None:
        """Return at once; somebody will look whether there is work, if a slot is free."""
        if self._slots.acquire(blocking=False):
            threading.Thread(target=self._run, daemon=True, name="slack").start()

    def _run(self) -> None:
        """Until there is nothing to do. Who finds work first sends for another."""
        try:
            while self._work():
                self.start()
                ticks.alive()
        except Exception:  # the next tick looks again, and leases run out
            log.exception("a slack thread failed")
        finally:
            self._rest()
            self._slots.release()


def send_next(channel: Channel) -> bool:
    """Send one message, if one is due."""
    delivery = claim_next()
    if delivery is None:
        return False
    see_through(delivery, channel, clock.now())
    leave_if_unused(delivery)
    return True


def look_after() -> bool:
    """Whoever sent a code is looked up, new links are announced, unknown copies are searched for."""
    return bool(look_up_due() + announce_links_due() + look_again_due())


DUTIES: Sequence[tuple[Callable[[], bool], int]] = (
    (partial(send_next, SlackChannel(connections.close_all)), SENDING),
    (rewrite_next, REWRITING),
    (look_after, LOOKING_AFTER),
)


def slack_due() -> int:
    """Everything that is due, in this thread, one after the other. Returns how much it was."""
    channel = SlackChannel()
    done = 0
    while look_after() or send_next(channel) or rewrite_next():
        done += 1
    return done
