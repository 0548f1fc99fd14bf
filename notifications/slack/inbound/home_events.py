"""Somebody opens the app in Slack: their Home is published, and from then on it is kept true."""

from __future__ import annotations

from typing import Any

from intents.services.durable import durable
from notifications.slack.homes import opened
from notifications.slack.inbound.genuine import Incoming

LONGEST = 32


def home_opened(incoming: Incoming, event: dict[str, Any]) -> None:
    """The tab Home; the tab Messages needs nothing."""
    user_id = str(event.get("user") or "")
    if event.get("tab") != "home" or not 0 < len(user_id) <= LONGEST:
        return
    with durable():
        opened(incoming.installations[0], user_id)
