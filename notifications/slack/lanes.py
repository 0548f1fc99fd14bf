"""Who sends next in Slack: at most one message a second in each conversation, and a limited one delays no other."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from intents import clock
from intents.services.durable import durable
from notifications.claims import OPEN, take
from notifications.models import SLACK, ChannelAccount, Delivery, DeliveryStatus, SlackLane

PACE = timedelta(seconds=1)
TRIAL = timedelta(seconds=15)
"""While one message tries whether a blocked account works again, the others wait at most so long."""
LOOKED_AT = 20


def claim_next() -> Delivery | None:
    """Take the delivery that is due longest, of those whose conversation is free; it is not free again for a second."""
    now = clock.now()
    with durable():
        for delivery in _free(now)[:LOOKED_AT]:
            if not _enter(delivery.address, now):
                continue
            if claimed := take(Delivery.objects.filter(pk=delivery.pk), 1, now):
                _begin_trial(delivery, now)
                return claimed[0]
    return None


def hold(address: str, until: datetime) -> None:
    """Slack asks for a pause in this conversation."""
    with durable():
        SlackLane.objects.filter(address=address, free_at__lt=until).update(free_at=until)


def leave_if_unused(delivery: Delivery) -> None:
    """A message that nobody needed any more was not sent: the next one need not wait for it."""
    unsent = Delivery.objects.filter(pk=delivery.pk, status=DeliveryStatus.SUPERSEDED)
    SlackLane.objects.filter(Exists(unsent), address=delivery.address).update(free_at=clock.now())


def blocked_teams(now: datetime) -> list[str]:
    """The Slack teams whose account is in trouble just now."""
    rows = ChannelAccount.objects.filter(channel__startswith=f"{SLACK}:", blocked_until__gt=now)
    return [name.removeprefix(f"{SLACK}:") for name in rows.values_list("channel", flat=True)]


def _free(now: datetime) -> QuerySet[Delivery]:
    busy = SlackLane.objects.filter(address=OuterRef("address"), free_at__gt=now)
    due = Delivery.objects.filter(~Exists(busy), channel=SLACK, status__in=OPEN, not_before__lte=now)
    for team_id in blocked_teams(now):
        due = due.exclude(address__startswith=f"{team_id}/")
    return due.order_by("not_before", "pk")


def _enter(address: str, now: datetime) -> bool:
    """True for one at a time: the row of the lane is changed by whoever comes first."""
    SlackLane.objects.bulk_create([SlackLane(address=address, free_at=now)], ignore_conflicts=True)
    return bool(SlackLane.objects.filter(address=address, free_at__lte=now).update(free_at=now + PACE))


def _begin_trial(delivery: Delivery, now: datetime) -> None:
    """After trouble one goes ahead; the others follow when it has got through."""
    account = f"{SLACK}:{delivery.address.partition('/')[0]}"
    over = Q(blocked_until=None) | Q(blocked_until__lte=now)
    ChannelAccount.objects.filter(over, channel=account, failures__gt=0).update(blocked_until=now + TRIAL)
