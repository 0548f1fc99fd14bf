"""From deliveries to messages: claim in a short transaction, send outside of any, settle what is still ours.

At least once: a worker that dies after sending is followed by another sending, and one settlement.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from approvals.services.told import mark_told, mark_unreachable
from intents import clock, ticks
from intents.prepared import read_once
from intents.services.durable import durable
from notifications import breaker, keptmail, metrics
from notifications.bounces.stopping import stop_of
from notifications.case import Case, read_case
from notifications.channels.base import Channel, Dead, Fate, Message, Retry, Sending, Sent
from notifications.channels.registry import CHANNELS
from notifications.claims import MOST_ATTEMPTS, claim, conclude, give_back, pause_after, put_off, settle
from notifications.compose import compose
from notifications.fallback import give_up, reached_otherwise
from notifications.flood import adopt, gates_held, gates_named
from notifications.models import ASKS, EMAIL, Delivery, DeliveryStatus, Purpose
from notifications.relevance import superseded_by

log = logging.getLogger(__name__)
BATCH = 50
LONGEST_WISH_SECONDS = 3600
LAST_START = timedelta(seconds=20)
"""With less than this left of the lease, nothing more is begun."""
NOTHING_IS_SENT = "Nothing is sent to this address until an admin lifts that: {}"
SAMPLE = "A sample person: no real mail is ever sent to them."


@dataclass(frozen=True)
class Unsent:
    """Settled without asking the channel, and nobody's fault: the person does not count as unreachable."""

    status: DeliveryStatus
    why: str


@dataclass(frozen=True)
class Stopped(Dead):
    """The address takes nothing, as it showed before: the channel was not asked again."""


Begun = Fate | Unsent | Sending
T = TypeVar("T")


@dataclass(frozen=True)
class Seen:
    """What became of a delivery; `blocked_until`, if that showed that the account is in trouble."""

    fate: Fate | Unsent
    blocked_until: datetime | None = None


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
        seen = see_through(delivery, channel, now, known)
        if seen.blocked_until is not None:
            return claimed[number + 1 :], seen.blocked_until
    return [], clock.now()


def see_through(delivery: Delivery, channel: Channel, now: datetime, known: set[str] | None = None) -> Seen:
    """Send a claimed delivery, and settle it. `known`: the accounts of which it was noted lately that they work."""
    with read_once():
        begun = begin(delivery, channel, now)
    return finish(delivery, begun, channel, now, known)


def finish(delivery: Delivery, begun: Begun, channel: Channel, now: datetime, known: set[str] | None = None) -> Seen:
    """Send what was begun, and settle it."""
    fate = _excused(delivery, begun) if callable(begun) else begun
    _conclude(delivery, fate, now)
    account = channel.account_of(delivery)
    known = set() if known is None else known
    if isinstance(fate, Retry) and fate.account:
        return Seen(fate, breaker.failed(account, fate.why, fate.after_seconds, now))
    if account not in known and not isinstance(fate, Unsent | Stopped):
        breaker.answered(account)
        known.add(account)
    return Seen(fate)


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


def _conclude(delivery: Delivery, fate: Fate | Unsent, now: datetime) -> None:
    fated = type(fate).__name__.lower()
    words = {"delivery": str(delivery.pk), "intent": str(delivery.intent_id), "attempt": delivery.attempt}
    is_settled = conclude(lambda: _settle(delivery, fate, now), fated, words | {"why": getattr(fate, "why", "")})
    if isinstance(fate, Sent) and not is_settled:
        fate.keep()
    if is_settled:
        metrics.TRIES.labels(delivery.channel, fated).inc()
        if isinstance(fate, Sent):
            metrics.SENT_AFTER.labels(delivery.channel).observe((clock.now() - delivery.created_at).total_seconds())


def _settle(delivery: Delivery, fate: Fate | Unsent, now: datetime) -> None:
    if isinstance(fate, Unsent):
        settle(delivery, fate.status, why=fate.why)
    elif isinstance(fate, Sent):
        sent(delivery, fate, clock.now(), said_at=now)
    elif isinstance(fate, Retry) and (fate.paced or delivery.attempt < MOST_ATTEMPTS):
        put_off(delivery, now + timedelta(seconds=_pause(delivery, fate)), fate.why)
    else:
        _dead(delivery, fate.why)


def _pause(delivery: Delivery, fate: Retry) -> float:
    if fate.paced:
        return min(fate.after_seconds, LONGEST_WISH_SECONDS)
    return max(pause_after(delivery.attempt), min(fate.after_seconds, LONGEST_WISH_SECONDS))


def sent(delivery: Delivery, fate: Sent, now: datetime, said_at: datetime) -> None:
    """The gate's seat and the delivery change in one transaction, or neither does. By a post nobody counts as told."""
    with durable():
        fate.keep()
        if delivery.person_id:
            for gate_id in _gates_told(delivery, said_at):
                mark_told(gate_id, delivery.person_id, now)
        settle(delivery, DeliveryStatus.SENT, reference=fate.ref)


def _gates_told(delivery: Delivery, said_at: datetime) -> list[UUID]:
    """A digest tells what it names."""
    if delivery.purpose == Purpose.DIGEST:
        return gates_named(delivery, said_at)
    return [delivery.gate_id] if delivery.gate_id and delivery.purpose in ASKS else []


def _dead(delivery: Delivery, why: str) -> None:
    """The next channel has it from now on, or the person is unreachable. A digest is of many gates, each by itself."""
    if delivery.person_id and delivery.purpose == Purpose.DIGEST and not reached_otherwise(delivery):
        for gate_id in gates_held(delivery):
            mark_unreachable(gate_id, delivery.person_id, why)
    with durable():
        give_up(delivery, why, clock.now())
        settle(delivery, DeliveryStatus.DEAD, why=why)
