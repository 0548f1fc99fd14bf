"""What became of messages: settled by whoever tried last, together with what counts from then on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from approvals.services.told import mark_told, mark_unreachable
from intents import clock
from intents.services.durable import durable, hurried
from notifications import breaker, claims, metrics
from notifications.channels.base import Channel, Dead, Fate, Retry, Sent
from notifications.claims import MOST_ATTEMPTS, pause_after, put_off, settle
from notifications.fallback import give_up, reached_otherwise
from notifications.flood import gates_held, gates_named
from notifications.models import ASKS, Delivery, DeliveryStatus, Purpose

log = logging.getLogger(__name__)
LONGEST_WISH_SECONDS = 3600
PATIENCE = 0.5
"""Seconds for each try to settle one of several: whom a lock keeps from it must not hold up the others for long."""


@dataclass(frozen=True)
class Unsent:
    """Settled without asking the channel, and nobody's fault: the person does not count as unreachable."""

    status: DeliveryStatus
    why: str


@dataclass(frozen=True)
class Stopped(Dead):
    """The address takes nothing, as it showed before: the channel was not asked again."""


@dataclass(frozen=True)
class Tried:
    """A claimed delivery, and what became of it. `now`: when its message was made."""

    delivery: Delivery
    fate: Fate | Unsent
    now: datetime


def conclude(tried: Tried, *, is_settled: bool = False, patience: float | None = None) -> None:
    """Settle it, unless that was done, and count it. What was sent is kept in mind also if it cannot be settled.

    `patience`: seconds for each try; as long as any other work may take, without it.
    """
    delivery, fate = tried.delivery, tried.fate
    fated = type(fate).__name__.lower()
    words = {"delivery": str(delivery.pk), "intent": str(delivery.intent_id), "attempt": delivery.attempt}
    words |= {"why": getattr(fate, "why", "")}
    settling = (lambda: None) if is_settled else partial(_within, patience, partial(_settle, tried))
    if claims.conclude(settling, fated, words):
        metrics.TRIES.labels(delivery.channel, fated).inc()
        if isinstance(fate, Sent):
            metrics.SENT_AFTER.labels(delivery.channel).observe((clock.now() - delivery.created_at).total_seconds())
    elif isinstance(fate, Sent):
        _within(patience, fate.keep)


def conclude_all(several: Sequence[Tried], channel: Channel) -> None:
    """The same for several: one transaction for all that were sent or, if that cannot be, one for each."""
    are_settled = _settled_together([tried for tried in several if isinstance(tried.fate, Sent)])
    known: set[str] = set()
    for tried in several:
        try:
            conclude(tried, is_settled=are_settled and isinstance(tried.fate, Sent), patience=PATIENCE)
            note_account(tried, channel, known)
        except Exception:  # its lease runs out
            log.exception("delivery not settled", extra={"delivery": str(tried.delivery.pk)})


def note_account(tried: Tried, channel: Channel, known: set[str]) -> datetime | None:
    """Until when nothing goes through its account, if this has shown that it is in trouble.

    `known`: the accounts of which it was noted lately that they work.
    """
    account, fate = channel.account_of(tried.delivery), tried.fate
    if isinstance(fate, Retry) and fate.account:
        known.discard(account)
        return breaker.failed(account, fate.why, fate.after_seconds, tried.now)
    if account not in known and not isinstance(fate, Unsent | Stopped):
        breaker.answered(account)
        known.add(account)
    return None


def _settled_together(several: Sequence[Tried]) -> bool:
    """In the order of their addresses, as they were claimed: so nobody waits for each other."""
    if len(several) < 2:
        return False
    try:
        with hurried(PATIENCE), durable():
            for tried in sorted(several, key=lambda tried: tried.delivery.address):
                _settle(tried)
    except Exception:  # one that cannot be settled must not stop the others
        log.warning("deliveries not settled together", exc_info=True)
        return False
    return True


def _within(patience: float | None, work: Callable[[], object]) -> None:
    with hurried(patience) if patience else nullcontext():
        work()


def _settle(tried: Tried) -> None:
    delivery, fate, now = tried.delivery, tried.fate, tried.now
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
