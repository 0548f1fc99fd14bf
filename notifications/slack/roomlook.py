"""What Slack says of a channel: whether anything can be posted there, and whether other organisations read it.

Asked again before each message if the last word is ten minutes old, and every nine minutes without any.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from intents import clock, nudges
from intents.prepared import Prepared
from intents.services.durable import durable
from notifications.channels.base import Dead
from notifications.models import SlackInstallation, SlackRoom
from notifications.sealing import Unreadable
from notifications.slack.client import client_of
from notifications.slack.faults import FAULTS, NOBODY, code_of, fate_of
from notifications.slack.kept import mark_room
from notifications.slack.lanes import blocked_teams
from notifications.slack.rooms import rooms_of

log = logging.getLogger(__name__)
GOOD_FOR = timedelta(minutes=10)
FAULT_GOOD_FOR = timedelta(minutes=1)
LOOK_EVERY = timedelta(minutes=9)
LOOK_AGAIN = timedelta(minutes=1)
OF_THE_ROOM = (*NOBODY, "missing_scope")
"""Errors that say something of this channel, and nothing of the whole app."""
_ANY = Prepared(lambda now: SlackRoom.objects.filter(look_at__lte=now)[:1])
SHARED = ("is_ext_shared", "is_pending_ext_shared", "pending_connected_team_ids")


def look(room: SlackRoom, client: WebClient) -> Dead | None:
    """Why nothing can be posted there, None if it can. FAULTS if Slack does not say."""
    if not is_fresh(room, clock.now()):
        ask(room, client)
    return Dead(room.fault) if room.fault else None


def ask(room: SlackRoom, client: WebClient) -> None:
    """Ask Slack, and keep what it says."""
    try:
        _keep(room, **said_of(dict(client.conversations_info(channel=room.channel_id)["channel"])))
    except SlackApiError as error:
        if code_of(error) not in OF_THE_ROOM:
            raise
        _keep(room, fault=fate_of(error).why)


def said_of(channel: dict[str, Any]) -> dict[str, Any]:
    """Slack's words about a channel as the row has them."""
    fault = "is_archived" if channel.get("is_archived") else "" if channel.get("is_member") else "not_in_channel"
    return {
        "slack_name": str(channel.get("name", ""))[:80],
        "is_private": bool(channel.get("is_private")),
        "is_shared": any(channel.get(key) for key in SHARED),
        "fault": f"{NOBODY[fault]} ({fault})" if fault else "",
    }


def faults_of_rooms(installation: SlackInstallation) -> list[str]:
    """What is wrong with the channels of its workspace, a sentence each. Slack is asked about all of them."""
    found = []
    for room in rooms_of(installation.workspace_id):
        try:
            ask(room, client_of(installation))
        except FAULTS as error:
            found.append(f"{room}: {fate_of(error).why}")
        else:
            found += [f"{room}: {room.fault}"] if room.fault else []
    return found


def look_soon(installation: SlackInstallation, channel_id: str) -> None:
    """Something has changed there: Slack is asked before the next message, and soon in any case. Inside `durable()`."""
    rooms = SlackRoom.objects.filter(workspace=installation.workspace_id, team_id=installation.team_id)
    if rooms.filter(channel_id=channel_id).update(looked_at=None, look_at=clock.now()):
        nudges.after_commit(nudges.DELIVER)


def look_at_rooms_due(limit: int = 10) -> int:
    """Ask about up to `limit` channels of which Slack said nothing lately. Returns how many were tried."""
    claimed = _claim(clock.now(), limit)
    for room in claimed:
        installation = SlackInstallation.objects.filter(workspace=room.workspace_id, fault="").first()
        try:
            if installation is not None:
                ask(room, client_of(installation))
        except (*FAULTS, Unreadable) as error:
            log.info("slack channel not looked at", extra={"room": room.pk, "why": str(error)})
    return len(claimed)


def _claim(now: datetime, limit: int) -> list[SlackRoom]:
    if not _ANY(now=now):
        return []
    able = SlackInstallation.objects.filter(fault="").exclude(team_id__in=blocked_teams(now)).values("workspace")
    with durable():
        due = SlackRoom.objects.filter(look_at__lte=now, workspace__in=able)
        rooms = list(due.select_for_update(skip_locked=True, of=("self",)).order_by("look_at")[:limit])
        SlackRoom.objects.filter(pk__in=[room.pk for room in rooms]).update(look_at=now + LOOK_AGAIN)
    return rooms


def is_fresh(room: SlackRoom, now: datetime) -> bool:
    """True while Slack need not be asked again."""
    good_for = FAULT_GOOD_FOR if room.fault else GOOD_FOR
    return room.looked_at is not None and now - room.looked_at < good_for


def _keep(room: SlackRoom, **said: Any) -> None:
    """If something else holds now, whatever stands there is written anew."""
    now, before = clock.now(), (room.is_shared, room.fault)
    said |= {"looked_at": now, "look_at": now + LOOK_EVERY}
    said["fault_at"] = (room.fault_at or now) if said["fault"] else None
    for name, value in said.items():
        setattr(room, name, value)
    with durable():
        SlackRoom.objects.filter(pk=room.pk).update(**said)
        if before != (room.is_shared, room.fault):
            mark_room(room)
