"""How late the channels are, and how much waits for them."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Min

from intents.health import age
from notifications.claims import OPEN
from notifications.models import WEBHOOK, ChannelAccount, Delivery, SlackInstallation, SlackRoom, WebhookDelivery
from notifications.slack.socketmode.hearing import FRESH


def unsent_seconds(now: datetime) -> float:
    """How long the oldest message that should be out by now has been waiting; retries wait for their own moment."""
    due = Delivery.objects.filter(status__in=OPEN, not_before__lte=now)
    return age(now, due.aggregate(at=Min("not_before"))["at"])


def queue_lengths() -> dict[str, int]:
    """Messages that are not settled yet, by channel."""
    rows = Delivery.objects.filter(status__in=OPEN).values("channel").annotate(number=Count("pk"))
    webhooks = WebhookDelivery.objects.filter(status__in=OPEN).count()
    return {row["channel"]: row["number"] for row in rows} | ({WEBHOOK: webhooks} if webhooks else {})


def unheard_apps(now: datetime) -> int:
    """Slack apps with Socket Mode to which no process is connected."""
    rows = SlackInstallation.objects.exclude(sealed_app_token="")
    return rows.exclude(listened_at__gt=now - FRESH).count()


def mute_rooms() -> int:
    """Slack channels on the lists of workspaces to which nothing can be posted."""
    return SlackRoom.objects.exclude(fault="").count()


def blocked_channels(now: datetime) -> list[str]:
    """Channel accounts that are in trouble just now."""
    rows = ChannelAccount.objects.filter(blocked_until__gt=now)
    return sorted(rows.values_list("channel", flat=True))
