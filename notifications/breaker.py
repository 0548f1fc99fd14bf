"""The breaker of a channel account: after trouble with the account nothing is sent for a while, then one on trial."""

from __future__ import annotations

from datetime import datetime, timedelta

from intents import nudges
from intents.prepared import Prepared
from intents.services.durable import durable
from notifications.models import ChannelAccount

FIRST_PAUSE_SECONDS = 10
LONGEST_PAUSE_SECONDS = 300
_TROUBLED = Prepared(lambda channel: ChannelAccount.objects.filter(pk=channel, failures__gt=0))


def allowance(channel: str, limit: int, now: datetime) -> int:
    """How many messages may be tried now: none while blocked, one on trial after that, else `limit`."""
    account = _TROUBLED.first(channel=channel)
    if account is None:
        return limit
    return 0 if account.blocked_until and account.blocked_until > now else min(limit, 1)


def failed(channel: str, why: str, after_seconds: float, now: datetime) -> datetime:
    """The account is in trouble: block it, each time for twice as long. Returns until when."""
    with durable():
        ChannelAccount.objects.bulk_create([ChannelAccount(channel=channel)], ignore_conflicts=True)
        account = ChannelAccount.objects.select_for_update().get(pk=channel)
        if account.blocked_until and account.blocked_until > now:
            return account.blocked_until
        pause = min(FIRST_PAUSE_SECONDS * 2**account.failures, LONGEST_PAUSE_SECONDS)
        account.failures = min(account.failures + 1, 100)
        account.blocked_until = now + timedelta(seconds=max(pause, min(after_seconds, LONGEST_PAUSE_SECONDS)))
        account.why = why[:500]
        account.save()
    return account.blocked_until


def answered(channel: str) -> None:
    """The account works: everybody may go on at once. Costs no transaction where there was no trouble."""
    if not _TROUBLED(channel=channel):
        return
    with durable():
        rows = ChannelAccount.objects.filter(pk=channel).exclude(failures=0)
        if rows.update(failures=0, blocked_until=None, why=""):
            nudges.after_commit(nudges.DELIVER)
