"""Events of Slack that concern linking and the app itself."""

from __future__ import annotations

from typing import Any

from intents import clock, nudges
from intents.services.durable import durable
from notifications.slack.faults import BROKEN
from notifications.slack.inbound.genuine import Incoming
from notifications.slack.installing import note_fault
from notifications.slack.linking import take_code


def message(incoming: Incoming, event: dict[str, Any]) -> None:
    """Somebody wrote to the bot in a direct message: perhaps the code of their account page."""
    written_by_somebody = event.get("user") and not event.get("bot_id") and not event.get("subtype")
    if event.get("channel_type") != "im" or not written_by_somebody:
        return
    team = str(event.get("user_team") or event.get("team") or incoming.data.get("team_id"))
    with durable():
        if take_code(incoming.installations[0], team, str(event["user"]), str(event.get("text") or ""), clock.now()):
            nudges.after_commit(nudges.DELIVER)


def removed(incoming: Incoming, event: dict[str, Any]) -> None:
    """The app was uninstalled, or its token revoked: nothing is sent through it any more."""
    code = "token_revoked" if event.get("type") == "tokens_revoked" else "account_inactive"
    if code == "token_revoked" and not (event.get("tokens") or {}).get("bot"):
        return
    for installation in incoming.installations:
        with durable():
            note_fault(installation, BROKEN[code])
