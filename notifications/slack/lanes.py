"""Who sends next in Slack: at most one message a second in each conversation, and a limited one delays no other."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Case as Choose
from django.db.models import Exists, F, OuterRef, QuerySet, Value, When

from intents import clock
from intents.cursors import executed
from intents.prepared import Prepared
from intents.services.durable import durable
from intents.updates import PreparedUpdate
from notifications.claims import OPEN, take_these
from notifications.models import SLACK, ChannelAccount, Delivery, SlackLane

PACE = timedelta(seconds=1)
TRIAL = timedelta(seconds=15)
"""While one message tries whether a blocked account works again, the others wait at most so long."""
LOOKED_AT = 200


def claim_some(most: int) -> list[Delivery]:
    """Take the deliveries that are due longest, one in each conversation that is free; it is not for a second then.

    Of an account that was in trouble only one, on trial.
    """
    now = clock.now()
    if not _READY(now=now):
        return []
    with durable():
        troubled = _TROUBLED()
        tried = {_team_of(row) for row in troubled if not _is_blocked(row, now)}
        first = _first_in_each(_waiting(now, {_team_of(row) for row in troubled} - tried), most, tried)
        chosen = [first[address] for address in _enter(sorted(first), now)]
        claimed = take_these(chosen, now)
        _begin_trials(tried & {_team(delivery.address) for delivery in claimed}, now)
    return claimed


def enter(address: str, now: datetime, pace: timedelta = PACE, burst: timedelta = timedelta()) -> bool:
    """Inside `durable()`: true for one at a time in this lane, and then not for `pace`. With `burst`, for as many at
    once as are worth so much time.
    """
    SlackLane.objects.bulk_create([SlackLane(address=address, free_at=now)], ignore_conflicts=True)
    free_at = Choose(When(free_at__gt=now, then=F("free_at") + pace), default=Value(now + pace))
    return bool(SlackLane.objects.filter(address=address, free_at__lte=now + burst).update(free_at=free_at))


def next_turn(now: datetime) -> datetime | None:
    """When within the next second somebody's turn comes: a conversation is free again, or a pause is over."""
    blocked = blocked_teams(now)
    lanes = _TURNS(now=now, until=now + PACE)
    moments = [free_at for address, free_at in lanes if _team(address) not in blocked][:1]
    return min([*moments, *(at for (at,) in _PAUSES(now=now, until=now + PACE))], default=None)


def count_from(address: str, at: datetime) -> None:
    """Inside `durable()`: a message entered the lane earlier and was posted at `at`. Slack counts from then on."""
    _COUNT(address=address, free_at=at + PACE)


def hold(address: str, until: datetime) -> None:
    """Slack asks for a pause in this conversation."""
    with durable():
        SlackLane.objects.filter(address=address, free_at__lt=until).update(free_at=until)


def leave(address: str) -> None:
    """A message that nobody needed any more was not sent: the next one need not wait. A pause of Slack's holds."""
    now = clock.now()
    SlackLane.objects.filter(address=address, free_at__lte=now + PACE).update(free_at=now)


def blocked_teams(now: datetime) -> list[str]:
    """The Slack teams whose account is in trouble just now."""
    return [_team_of(row) for row in _TROUBLED() if _is_blocked(row, now)]


def _waiting(now: datetime, blocked: Collection[str]) -> Iterable[tuple[str, UUID]]:
    """Address and key of what is due where the conversation is free, the longest due first."""
    if not blocked:
        return _FIRST(now=now)
    rows = _free(_due(now), now)
    for team_id in blocked:
        rows = rows.exclude(address__startswith=f"{team_id}/")
    return _in_order(rows)


def _first_in_each(due: Iterable[tuple[str, UUID]], most: int, tried: Collection[str]) -> dict[str, UUID]:
    """By address, in the order in which they go: the delivery whose turn it is."""
    found: dict[str, UUID] = {}
    teams: set[str] = set()
    for address, pk in due:
        if len(found) == most:
            break
        if address not in found and not (_team(address) in tried and _team(address) in teams):
            found[address] = pk
            teams.add(_team(address))
    return found


def _enter(addresses: list[str], now: datetime) -> list[str]:
    """Those of the lanes that are ours for a second. Sorted, so that no two wait for each other."""
    if not addresses:
        return []
    lanes = ", ".join(["(%s, %s)"] * len(addresses))
    here = connections[DEFAULT_DB_ALIAS]
    stored = here.ops.adapt_datetimefield_value
    values = [value for address in addresses for value in (address, stored(now + PACE))]
    entered = executed(_ENTER.format(lanes), [*values, stored(now)], here)
    return [address for (address,) in entered.fetchall()]


def _begin_trials(teams: Collection[str], now: datetime) -> None:
    if teams:
        accounts = [f"{SLACK}:{team_id}" for team_id in teams]
        ChannelAccount.objects.filter(pk__in=accounts).update(blocked_until=now + TRIAL)


def _is_blocked(account: ChannelAccount, now: datetime) -> bool:
    return account.blocked_until is not None and account.blocked_until > now


def _team_of(account: ChannelAccount) -> str:
    return account.channel.removeprefix(f"{SLACK}:")


def _due(now: Any) -> QuerySet[Delivery]:
    return _queued().filter(not_before__lte=now)


def _queued() -> QuerySet[Delivery]:
    return Delivery.objects.filter(channel=SLACK, status__in=OPEN)


def _free(rows: QuerySet[Delivery], now: Any) -> QuerySet[Delivery]:
    return rows.filter(~Exists(SlackLane.objects.filter(address=OuterRef("address"), free_at__gt=now)))


def _in_order(rows: QuerySet[Delivery]) -> QuerySet[Delivery, tuple[str, UUID]]:
    return rows.order_by("not_before", "pk").values_list("address", "pk")[:LOOKED_AT]


def _turns(now: Any, until: Any) -> QuerySet[SlackLane, tuple[str, datetime]]:
    awaited = Exists(_due(now).filter(address=OuterRef("address")))
    rows = SlackLane.objects.filter(awaited, free_at__gt=now, free_at__lte=until)
    return rows.order_by("free_at").values_list("address", "free_at")[:LOOKED_AT]


def _pauses(now: Any, until: Any) -> QuerySet[Delivery, tuple[datetime]]:
    rows = _queued().filter(not_before__gt=now, not_before__lte=until)
    return rows.order_by("not_before").values_list("not_before")[:1]


_READY = Prepared(lambda now: _free(_due(now), now)[:1])
_FIRST = Prepared(lambda now: _in_order(_free(_due(now), now)))
_TURNS = Prepared(_turns)
_PAUSES = Prepared(_pauses)
_TROUBLED = Prepared(lambda: ChannelAccount.objects.filter(channel__startswith=f"{SLACK}:", failures__gt=0))
_ENTER = """
    INSERT INTO notifications_slacklane (address, free_at) VALUES {}
    ON CONFLICT (address) DO UPDATE SET free_at = excluded.free_at WHERE notifications_slacklane.free_at <= %s
    RETURNING address
"""
_COUNT = PreparedUpdate(
    lambda address, free_at: (SlackLane.objects.filter(address=address, free_at__lt=free_at), {"free_at": free_at})
)


def _team(address: str) -> str:
    return address.partition("/")[0]
