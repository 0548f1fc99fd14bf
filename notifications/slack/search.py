"""Looking for messages that we posted and do not know of: a worker died between Slack's yes and its own note."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from notifications.models import Delivery

PAGE, MOST_PAGES = 200, 5
SLACK_CLOCK = timedelta(seconds=60)
"""Slack's time and ours may differ by this."""


def posted_before(client: WebClient, channel: str, delivery: Delivery, thread_ts: str = "") -> list[str]:
    """The `ts` of every message of this delivery in this conversation or thread, oldest first."""
    oldest = f"{(delivery.created_at - SLACK_CLOCK).timestamp():.6f}"
    words: dict[str, Any] = {"channel": channel, "oldest": oldest, "limit": PAGE, "include_all_metadata": True}
    said = _pages(
        partial(client.conversations_replies, ts=thread_ts) if thread_ts else client.conversations_history, words
    )
    return sorted(str(each["ts"]) for each in said if _delivery_of(each) == str(delivery.pk))


def _pages(ask: Callable[..., SlackResponse], words: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """In a channel where people talk much has been said meanwhile."""
    for _ in range(MOST_PAGES):
        said = ask(**words)
        yield from said["messages"]
        cursor = (said.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return
        words = words | {"cursor": cursor}


def _delivery_of(message: dict[str, Any]) -> str:
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    return str(payload.get("delivery", ""))
