"""Which Slack channels a workspace posts to: admins put them on the list, which asks Slack first, and take them off."""

from __future__ import annotations

import re
from typing import Any

from slack_sdk import WebClient

from approvals.text import one_line
from intents import clock
from intents.errors import Conflict, Invalid, NotFound
from intents.models import Workspace
from intents.services.configuration import recorded
from notifications.models import SlackInstallation, SlackRoom
from notifications.sealing import Unreadable
from notifications.slack.client import client_of
from notifications.slack.faults import FAULTS, fate_of
from notifications.slack.installing import installations
from notifications.slack.kept import mark_room
from notifications.slack.roomlook import LOOK_EVERY, said_of
from notifications.slack.rooms import rooms_of

ID = re.compile(r"(?:https://[^/\s]+/(?:archives|client/[A-Z0-9]+)/)?([CG][A-Z0-9]{3,31})(?:[/?]\S*)?")
NAME = re.compile(r"#?([^\s#]{1,80})")
PAGE, MOST_PAGES = 200, 10
HOW = "Write its name such as #deploys, its id, or paste its link."
NOT_THERE = "The bot is in no Slack channel {}: write /invite @Countersign there, then add it again."
TWICE = "This channel, or another that had its name, is on the list already."


def add_room(workspace: Workspace, typed: str, actor: str) -> SlackRoom:
    """Ask Slack about this channel and put it on the list. Invalid or Conflict with a sentence otherwise."""
    installation = installations(workspace).first()
    if installation is None:
        raise Invalid("Set Slack up first.", code="slack_missing")
    channel = _looked_up(installation, typed.strip())
    said = said_of(channel)
    if said["fault"]:
        raise Invalid(said["fault"], code="slack_channel_unfit")
    now = clock.now()
    room = SlackRoom(workspace=workspace, team_id=installation.team_id, channel_id=str(channel["id"]), **said)
    room.name, room.looked_at, room.look_at = room.slack_name, now, now + LOOK_EVERY
    with recorded(actor, lambda: rooms_of(workspace.pk)):
        same_name = rooms_of(workspace.pk).filter(name=room.name)
        if same_name.exists() or rooms_of(workspace.pk).filter(channel_id=room.channel_id).exists():
            raise Conflict(TWICE, code="slack_channel_known")
        room.save(force_insert=True)
        mark_room(room)
    return room


def remove_room(workspace: Workspace, room_id: int, actor: str) -> SlackRoom:
    """Nothing is posted there any more; what stands there loses its contents."""
    room = rooms_of(workspace.pk).filter(pk=room_id).first()
    if room is None:
        raise NotFound("There is no such channel on the list.")
    with recorded(actor, lambda: rooms_of(workspace.pk)):
        SlackRoom.objects.filter(pk=room.pk).delete()
        mark_room(room)
    return room


def _looked_up(installation: SlackInstallation, typed: str) -> dict[str, Any]:
    found = ID.fullmatch(typed)
    named = NAME.fullmatch(typed)
    try:
        client = client_of(installation)
        if found:
            channel = dict(client.conversations_info(channel=found[1])["channel"])
        elif named:
            channel = _named(client, named[1])
        else:
            raise Invalid(HOW, code="slack_channel_unreadable")
    except Unreadable as error:
        raise Invalid(str(error), code="slack_unreadable") from error
    except FAULTS as error:
        raise Invalid(fate_of(error).why, code="slack_refused") from error
    if channel.get("is_im") or channel.get("is_mpim"):
        raise Invalid("This is a conversation of a few people, and no channel.", code="slack_channel_unfit")
    return channel


def _named(client: WebClient, name: str) -> dict[str, Any]:
    """Among the channels that the bot is in."""
    cursor = ""
    for _ in range(MOST_PAGES):
        said = client.users_conversations(types="public_channel,private_channel", limit=PAGE, cursor=cursor)
        for channel in said["channels"]:
            if channel["name"] == name.lower():
                return dict(client.conversations_info(channel=channel["id"])["channel"])
        cursor = (said.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            break
    raise Invalid(NOT_THERE.format(one_line(f"#{name}", 81)), code="slack_channel_unknown")
