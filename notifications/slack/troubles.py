"""What is wrong with Slack in the workspaces of an admin: said on their inbox, before the next request needs it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from approvals.models import Person
from intents.models import Workspace
from notifications.models import SlackInstallation, SlackRoom
from notifications.slack.rooms import trouble_of
from notifications.wording import names

OUT_OF_ORDER = "Slack is out of order: {}"
MUTE = "Nothing can be posted to {}."


@dataclass(frozen=True)
class Trouble:
    """In one workspace, in words. The set-up page says what to do."""

    workspace: Workspace
    words: str


def troubles_for(person: Person, now: datetime) -> list[Trouble]:
    """None for whoever is no admin. Of an app that is out of order its channels are not said too."""
    mine = person.memberships.filter(is_active=True, is_admin=True).values("workspace")
    apps = SlackInstallation.objects.filter(workspace__in=mine).exclude(fault="").select_related("workspace")
    broken = {app.workspace: OUT_OF_ORDER.format(app.fault) for app in apps}
    rooms = defaultdict(list)
    for room in SlackRoom.objects.filter(workspace__in=mine).exclude(fault="").select_related("workspace"):
        rooms[room.workspace].append(room)
    mute = {workspace: _mute(found, now) for workspace, found in rooms.items()}
    return [Trouble(workspace, words) for workspace, words in (mute | broken).items()]


def _mute(rooms: list[SlackRoom], now: datetime) -> str:
    if len(rooms) == 1:
        return f"{rooms[0]}: {trouble_of(rooms[0], now)}"
    return MUTE.format(names([str(room) for room in rooms]))
