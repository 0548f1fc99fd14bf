"""Threads of their own that speak to Slack, so that one slow answer holds up neither mail nor a tick nor each other."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from django.db import connections

from intents import clock, ticks
from intents.prepared import read_once
from notifications.channels.base import Channel
from notifications.deliver import Begun, begin, try_once
from notifications.models import Delivery
from notifications.settling import Tried, Unsent, conclude_all
from notifications.slack.channel import SlackChannel
from notifications.slack.copies import rewrite_next
from notifications.slack.crew import Crew
from notifications.slack.duplicates import look_again_due
from notifications.slack.homepublish import publish_next
from notifications.slack.lanes import claim_some, leave, next_turn
from notifications.slack.lookup import look_up_due
from notifications.slack.notes import say_notes_due
from notifications.slack.notices import announce_links_due
from notifications.slack.roomlook import look_at_rooms_due
from notifications.slack.together import Together

log = logging.getLogger(__name__)
SENDING, REWRITING, PUBLISHING, LOOKING_AFTER = 24, 4, 2, 1
"""How many calls of Slack one process has under way at most, of each kind."""
BETWEEN_LOOKS, BEFORE_A_LOOK = 0.1, 0.25
"""Seconds, of whoever sends, and of the other duties: what comes meanwhile is looked at together."""

NO_THREAD = "No thread for a message: its lease runs out, and it is tried again."


class Workers:
    """As many threads as there is work for, up to `slots`. `work` does one piece; False if there is none."""

    def __init__(self, work: Callable[[], bool], slots: int, rest: Callable[[], None] = connections.close_all) -> None:
        self._work = work
        self._crew = Crew(slots, rest)
        self._soon = threading.Lock()

    def start(self) -> None:
        """Return at once; soon somebody will look whether there is work, if a slot is free."""
        if self._soon.acquire(blocking=False) and not self._crew.hand(self._look):
            self._soon.release()

    def _look(self) -> None:
        time.sleep(BEFORE_A_LOOK)
        self._soon.release()
        self._run()

    def _run(self) -> None:
        """Until there is nothing to do. Who finds work first sends for another."""
        while self._work():
            self._crew.offer(self._run)
            ticks.alive()


class Senders:
    """One thread takes on and makes whatever may go, up to `slots` at once, and each message has a thread to send it;
    whoever of these comes first settles for all.

    While somebody's turn comes within a second it waits for that; else it rests until the next tick.
    """

    def __init__(self, slots: int = SENDING, rest: Callable[[], None] = connections.close_all) -> None:
        self._channel = SlackChannel(rest)
        self._rest = rest
        self._crew = Crew(slots + 2, rest)
        self._tried = Together(self._conclude)
        self._free = slots
        self._wanted = self._looks = False
        self._changed = threading.Condition()

    def start(self) -> None:
        """Return at once; somebody will look whether a message may go."""
        with self._changed:
            self._wanted = True
            self._changed.notify_all()
            self._looks = self._looks or self._crew.hand(self._run)

    def _run(self) -> None:
        pause: float | None = 0.0
        while self._goes_on(pause):
            try:
                pause = self._look()
            except Exception:  # the next tick looks again, and leases run out
                log.exception("nobody looked for slack messages")
                pause = None
            time.sleep(BETWEEN_LOOKS)

    def _goes_on(self, pause: float | None) -> bool:
        """Wait for so long, or until somebody wants it; and for a free slot. False if there is nothing to wait for."""
        with self._changed:
            if pause is not None:
                self._changed.wait_for(lambda: self._wanted, pause)
                self._changed.wait_for(lambda: self._free)
            self._looks = pause is not None or self._wanted
            self._wanted = False
            return self._looks

    def _look(self) -> float | None:
        """In how many seconds to look again; None if nothing waits."""
        try:
            now = clock.now()
            if self._takes_on_some(now):
                return 0.0
            turn = next_turn(now)
            return max((turn - clock.now()).total_seconds(), 0.0) if turn else None
        finally:
            self._rest()

    def _takes_on_some(self, now: datetime) -> bool:
        """Take on what may go."""
        claimed = claim_some(self._free)
        with read_once():
            for delivery in claimed:
                self._take_on(delivery, begin(delivery, self._channel, now), now)
        ticks.alive()
        return bool(claimed)

    def _take_on(self, delivery: Delivery, begun: Begun, now: datetime) -> None:
        with self._changed:
            if not self._crew.hand(partial(self._send, delivery, begun, now)):
                raise RuntimeError(NO_THREAD)
            self._free -= 1

    def _send(self, delivery: Delivery, begun: Begun, now: datetime) -> None:
        self._tried.add(try_once(delivery, begun, now))

    def _conclude(self, several: list[Tried]) -> None:
        try:
            _conclude(several, self._channel)
        except Exception:  # their leases run out
            log.exception("slack messages not settled")
        finally:
            with self._changed:
                self._free += len(several)
                self._changed.notify_all()


def _conclude(several: Sequence[Tried], channel: Channel) -> None:
    conclude_all(several, channel)
    for tried in several:
        if isinstance(tried.fate, Unsent):
            leave(tried.delivery.address)


def send_next(channel: Channel) -> bool:
    """Send one message, if one may go."""
    claimed = claim_some(1)
    for delivery in claimed:
        now = clock.now()
        with read_once():
            begun = begin(delivery, channel, now)
        _conclude([try_once(delivery, begun, now)], channel)
    return bool(claimed)


def look_after() -> bool:
    """Codes are looked up, new links announced, unknown copies searched for, notes said, channels looked at."""
    return bool(look_up_due() + announce_links_due() + look_again_due() + say_notes_due() + look_at_rooms_due())


DUTIES: Sequence[tuple[Callable[[], bool], int]] = (
    (rewrite_next, REWRITING),
    (publish_next, PUBLISHING),
    (look_after, LOOKING_AFTER),
)


def slack_due() -> int:
    """Everything that is due, in this thread, one after the other. Returns how much it was."""
    channel = SlackChannel()
    done = 0
    while look_after() or send_next(channel) or rewrite_next() or publish_next():
        done += 1
    return done
