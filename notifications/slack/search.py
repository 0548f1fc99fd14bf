"""Looking for messages that we posted and do not know of: a worker died between Slack's yes and its own note."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from slack_sdk import WebClient

from notifications.models import Delivery

PAGE = 100
SLACK_CLOCK = timedelta(seconds=60)
"""Slack's time and ours may differ by this."""


def posted_before(client: WebClient, channel: str, delivery: Delivery, thread_ts: str = "") -> list[str]:
    """The `ts` of every message of this delivery in this conversation or thread, oldest first."""
    oldest = f"{(delivery.created_at - SLACK_CLOCK).timestamp():.6f}"
    words: dict[str, Any] = {"channel": channel, "oldest": oldest, "limit": PAGE, "include_all_metadata": True}
    said = client.conversations_replies(ts=thread_ts, **words) if thread_ts else client.conversations_history(**words)
    return sorted(str(each["ts"]) for each in said["messages"] if _delivery_of(each) == str(delivery.pk))


def _delivery_of(message: dict[str, Any]) -> str:
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    return str(payload.get("delivery", ""))
