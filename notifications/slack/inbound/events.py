"""Events of Slack that concern the app itself, and the channels that it posts to."""

from __future__ import annotations

from typing import Any

from intents import clock
from intents.services.durable import durable
from notifications.slack.faults import BROKEN
from notifications.slack.inbound.genuine import Incoming
from notifications.slack.installing import note_fault
from notifications.slack.roomlook import look_soon


def removed(incoming: Incoming, event: dict[str, Any]) -> None:
    """The app was uninstalled, or its token revoked: nothing is sent through it any more.

    Slack may say so late, and again: what happened before the app was set up anew is no news.
    """
    code = "token_revoked" if event.get("type") == "tokens_revoked" else "account_inactive"
    if code == "token_revoked" and not (event.get("tokens") or {}).get("bot"):
        return
    for installation in incoming.installations:
        if _happened(incoming) >= int(installation.secrets_at.timestamp()):
            with durable():
                note_fault(installation, BROKEN[code])


def room_changed(incoming: Incoming, event: dict[str, Any]) -> None:
    """Others read along in a channel now, or it is archived: what Slack said of it before is not believed any more."""
    for installation in incoming.installations:
        with durable():
            look_soon(installation, str(event.get("channel") or ""))


def _happened(incoming: Incoming) -> float:
    """Seconds since 1970; now, where Slack does not say."""
    said = incoming.data.get("event_time")
    return said if isinstance(said, int) else clock.now().timestamp()
