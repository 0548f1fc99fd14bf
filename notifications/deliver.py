"""From deliveries to messages: claim in a short transaction, send outside of any, settle what is still ours.

At least once: a worker that dies after sending is followed by another sending, and one settlement.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from intents import clock, ticks
from intents.prepared import read_once
from notifications import breaker, keptmail
from notifications.bounces.stopping import stop_of
from notifications.case import Case, read_case
from notifications.channels.base import Channel, Fate, Message, Retry, Sending
from notifications.channels.registry import CHANNELS
from notifications.claims import claim, give_back
from notifications.compose import compose
from notifications.flood import adopt
from notifications.models import EMAIL, Delivery, DeliveryStatus, Purpose
from notifications.relevance import superseded_by
from notifications.settling import Stopped, Tried, Unsent, conclude, note_account

log = logging.getLogger(__name__)
BATCH = 50
LAST_START = timedelta(seconds=20)
"""With less than this left of the lease, nothing more is begun."""
NOTHING_IS_SENT = "Nothing is sent to this address until an admin lifts that: {}"
SAMPLE = "A sample person: no real mail is ever sent to them."


Begun = Fate | Unsent | Sending
T = TypeVar("T")


def deliver_due(channel: str = EMAIL, limit: int = BATCH) -> int:
    """Try what is due on this channel, once each. Returns how many were claimed."""
    allowed = breaker.allowance(channel, limit, clock.now())
    claimed = claim(channel, allowed) if allowed else []
    with CHANNELS[channel].together() as one_way:
        untried, until = _work_through(claimed, one_way)
        give_back(untried, until)
    return len(claimed)


def _work_through(claimed: Sequence[Delivery], channel: Channel) -> tuple[Sequence[Delivery], datetime]:
    """What was not tried, and when to try it: the account failed, or the leases are nearly over."""
    known: set[str] = set()
    for number, delivery in enumerate(claimed):
        ticks.alive()
        now = clock.now()
        if delivery.lease_until is None or now + LAST_START > delivery.lease_until:
            return claimed[number:], now
        blocked_until = see_through(delivery, channel, now, known)
        if blocked_until is not None:
            return claimed[number + 1 :], blocked_until
    return [], clock.now()


def see_through(delivery: Delivery, channel: Channel, now: datetime, known: set[str]) -> datetime | None:
    """Send a claimed delivery, and settle it. Until when its account is blocked, if that showed that it is in trouble.

    `known`: the accounts of which it was noted lately that they work.
    """
    with read_once():
        begun = begin(delivery, channel, now)
    tried = try_once(delivery, begun, now)
    conclude(tried)
    return note_account(tried, channel, known)


def try_once(delivery: Delivery, begun: Begun, now: datetime) -> Tried:
    """Send what was begun."""
    return Tried(delivery, _excused(delivery, begun) if callable(begun) else begun, now)


def begin(delivery: Delivery, channel: Channel, now: datetime) -> Begun:
    """What became of it, or how it is sent: several that are begun within one `read_once` ask everything once."""
    return _excused(delivery, lambda: _begun(delivery, channel, now))


def _excused(delivery: Delivery, step: Callable[[], T]) -> T | Retry:
    """An error of our own is a reason to try again, and must not stop the others."""
    try:
        return step()
    except Exception as error:
        log.exception("delivery failed", extra={"delivery": str(delivery.pk)})
        return Retry(0, f"An error of our own: {type(error).__name__}.")


def _begun(delivery: Delivery, channel: Channel, now: datetime) -> Begun:
    if delivery.purpose == Purpose.DIGEST:
        adopt(delivery)
    case = read_case(delivery, now)
    unneeded = superseded_by(case)
    if unneeded:
        return Unsent(DeliveryStatus.SUPERSEDED, unneeded)
    if channel.name == EMAIL and case.person is not None and case.person.is_sample and not keptmail.is_used():
        return Unsent(DeliveryStatus.DEAD, SAMPLE)
    message = _message(case, channel)
    stopped = stop_of(channel.name, message.to)
    return Stopped(NOTHING_IS_SENT.format(stopped.why)) if stopped else channel.send(message)


def _message(case: Case, channel: Channel) -> Message:
    """To the person's address of today, should it have changed since the delivery was queued."""
    to = case.delivery.address
    if case.person is not None:
        to = channel.addresses(case.intent.workspace_id, [case.person]).get(case.person.pk, to)
    return Message(case.delivery.pk, case.intent.pk, case.delivery.gate_id, to, compose(case), case)
