"""Who sent a code: Slack is asked outside of any request, and whoever may not be linked is told and recorded."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from approvals.text import one_line
from intents import clock
from intents.prepared import Prepared
from intents.services.changes import record_change
from intents.services.durable import durable
from notifications.channels.base import Dead
from notifications.models import SlackCode
from notifications.sealing import Unreadable
from notifications.slack.client import client_of
from notifications.slack.faults import FAULTS, fate_of

log = logging.getLogger(__name__)
AGAIN = timedelta(seconds=15)
NAME_LIMIT = 120
THANKS = "Thank you. Now confirm on your account page in Countersign that this is you. Nothing is linked before that."
REFUSED = "This Slack account cannot be linked: {why}"
SLACKBOT = "USLACKBOT"


def look_up_due(limit: int = 10) -> int:
    """Ask Slack about up to `limit` senders of codes. Returns how many were tried."""
    claimed = _claim(clock.now(), limit)
    for code in claimed:
        try:
            _look_up(code)
        except Exception:  # it stays due, and runs out by itself
            log.exception("slack user not looked up", extra={"code": code.pk})
    return len(claimed)


def unfit(user: dict[str, Any], team_id: str) -> str:
    """Why this user of Slack may not be linked, in words; "" if they may. Pure."""
    if user.get("is_bot") or user.get("id") == SLACKBOT:
        return "it is a bot."
    if user.get("deleted"):
        return "it is switched off."
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return "it is a guest's."
    teams = {user.get("team_id"), *(user.get("enterprise_user") or {}).get("teams", ())}
    return "it belongs to another Slack team." if user.get("is_stranger") or team_id not in teams else ""


def name_of(user: dict[str, Any]) -> str:
    """`Ana Ruiz (@ana)`: as Slack shows them, drawn visibly."""
    return one_line(f"{user.get('real_name') or user.get('name')} (@{user.get('name')})", NAME_LIMIT)


def _due(now: Any) -> QuerySet[SlackCode]:
    return SlackCode.objects.filter(look_up_after__lte=now, looked_up_at=None, used_at=None, expires_at__gt=now)


_ANY = Prepared(lambda now: _due(now)[:1])


def _claim(now: datetime, limit: int) -> list[SlackCode]:
    if not _ANY(now=now):
        return []
    with durable():
        due = _due(now).select_related("installation__workspace", "person")
        rows = due.select_for_update(skip_locked=True, of=("self",))
        codes = list(rows.order_by("look_up_after")[:limit])
        SlackCode.objects.filter(pk__in=[code.pk for code in codes]).update(look_up_after=now + AGAIN)
    return codes


def _look_up(code: SlackCode) -> None:
    if code.installation is None:
        return
    try:
        client = client_of(code.installation)
        user = dict(client.users_info(user=code.user_id)["user"])
    except Unreadable:
        return
    except FAULTS as error:
        if isinstance(fate := fate_of(error), Dead):
            _settle(code, {}, fate.why)
        return
    why = unfit(user, code.installation.team_id) if code.team_id == code.installation.team_id else unfit({}, "?")
    _settle(code, user, why)
    _say(client, code.user_id, REFUSED.format(why=why) if why else THANKS)


def _settle(code: SlackCode, user: dict[str, Any], why: str) -> None:
    """The page shows it from now on. A refusal is an entry in the workspace's chain."""
    with durable():
        SlackCode.objects.filter(pk=code.pk).update(
            user_name=name_of(user) if user else "",
            zone=str(user.get("tz") or "")[:64],
            refusal=why[:255],
            looked_up_at=clock.now(),
        )
        if why and code.installation:
            who = {"person": str(code.person), "team": code.team_id, "user": code.user_id, "why": why}
            record_change(code.installation.workspace_id, "slack_link.refused", f"slack:{code.user_id}", who)


def _say(client: Any, user_id: str, text: str) -> None:
    """A courtesy: the page has the truth."""
    try:
        where = client.conversations_open(users=user_id)["channel"]["id"]
        client.chat_postMessage(channel=where, text=text, unfurl_links=False, unfurl_media=False)
    except FAULTS as error:
        log.info("slack answer not sent", extra={"why": fate_of(error).why})
