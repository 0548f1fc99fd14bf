"""The Slack channels of a workspace, as policies name them: `slack:#deploys`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from intents import clock
from intents.prepared import Prepared
from notifications.models import SlackRoom
from notifications.wording import moment

PREFIX = "slack:#"
_NAMED = Prepared(lambda workspace, name: SlackRoom.objects.filter(workspace=workspace, name=name))
UNKNOWN = "There is no such channel here: an admin adds it at /setup/slack."

MEND = "Mend it in Slack, or take the channel off the list and out of the policies."


def rooms_of(workspace_id: UUID) -> QuerySet[SlackRoom]:
    """All that are on its list."""
    return SlackRoom.objects.filter(workspace=workspace_id).order_by("name")


def rooms_named(workspace_id: UUID, names: Iterable[str]) -> dict[str, SlackRoom]:
    """Those of these names that are on the list."""
    wanted = [name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)]
    return {str(room): room for name in wanted for room in _NAMED(workspace=workspace_id, name=name)}


def trouble_with(workspace_id: UUID, names: Collection[str]) -> dict[str, str]:
    """Those of these names to which nothing could be posted now, each with a sentence."""
    rooms = rooms_named(workspace_id, names)
    unknown = {name: UNKNOWN for name in names if name not in rooms}
    return unknown | {name: trouble_of(room, clock.now()) for name, room in rooms.items() if room.fault}


def trouble_of(room: SlackRoom, now: datetime) -> str:
    """What Slack says, since when, and what an admin may do."""
    since = f" since {moment(room.fault_at, now)}" if room.fault_at else ""
    return f"{room.fault} Nothing can be posted{since}. {MEND}"
