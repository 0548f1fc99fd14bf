"""What was pressed, by whom and where, read from what Slack sent; and what of ours it must stand on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from approvals.models import Gate
from notifications.models import SlackInstallation, SlackMessage
from notifications.slack.inbound.genuine import Incoming
from notifications.slack.inbound.surfaces import NOTE, Surface, home_of, sheet_in, token_in


@dataclass(frozen=True)
class Click:
    """One press, or one form sent. `digest` is of all that Slack sent: its retry has the same one. `thread_ts`: of the
    thread that they look at.
    """

    installation: SlackInstallation
    gate_id: UUID
    message: SlackMessage | None
    team_id: str
    user_id: str
    channel: str
    trigger_id: str
    digest: str
    data: dict[str, Any]
    surface: Surface | None = None
    thread_ts: str = ""

    @property
    def is_placed(self) -> bool:
        """True if it stands on something of ours about this gate."""
        return self.surface.is_ours if self.surface else self.message is not None

    @property
    def meant_for(self) -> UUID | None:
        """The only one whose it is; None if it is for whoever may."""
        if self.surface:
            return self.surface.person_id
        return self.message.delivery.person_id if self.message else None


def value_of(data: dict[str, Any]) -> str:
    """What the button says that was pressed, or the line of a menu."""
    pressed = _first(data)
    return str(pressed.get("value") or _dict(pressed.get("selected_option")).get("value", ""))


def kept_in(data: dict[str, Any]) -> dict[str, Any]:
    """What we wrote into a form when it was opened; {} if that was not us."""
    try:
        return _dict(json.loads(_dict(data.get("view")).get("private_metadata") or ""))
    except (ValueError, TypeError):
        return {}


def read_press(incoming: Incoming, data: dict[str, Any], gate_id: UUID) -> Click | None:
    """A press on a button about this gate, on a message or on a sheet; None if it stands on neither."""
    place = _dict(data.get("container"))
    if place.get("type") == "view":
        return _on_surface(incoming, data, gate_id, sheet_in(incoming, _dict(data.get("view")), gate_id))
    ts = "" if place.get("is_ephemeral") else str(place.get("message_ts", ""))
    channel = str(place.get("channel_id", ""))
    if not ts and not place.get("is_ephemeral"):
        return None
    thread = str(place.get("thread_ts") or "")
    click = _click(incoming, data, gate_id, channel, ts)
    return replace(click, thread_ts=thread if thread != ts else "")


def read_sent(incoming: Incoming, data: dict[str, Any], gate_id: UUID) -> Click | None:
    """A form about this gate that was sent; None if it was opened from no message and took no sheet's place."""
    kept, view = kept_in(data), _dict(data.get("view"))
    if token_in(view):
        return _on_surface(incoming, data, gate_id, sheet_in(incoming, view, gate_id))
    channel, ts = str(kept.get("channel", "")), str(kept.get("ts", ""))
    return _click(incoming, data, gate_id, channel, ts) if ts else None


def read_opening(incoming: Incoming, data: dict[str, Any], gate_id: UUID) -> Click:
    """A press that only opens a request in full: on somebody's Home, or on a note of ours."""
    on_view = _dict(data.get("container")).get("type") == "view"
    return _on_surface(incoming, data, gate_id, home_of(incoming, _dict(data.get("view"))) if on_view else NOTE)


def _on_surface(incoming: Incoming, data: dict[str, Any], gate_id: UUID, surface: Surface) -> Click:
    """Through the app of the gate's workspace."""
    workspace_id = Gate.objects.filter(pk=gate_id).values_list("workspace_id", flat=True).first()
    meant = incoming.installations
    mine = next((row for row in meant if row.workspace_id == workspace_id), meant[0])
    return replace(_read(data, gate_id, mine), surface=surface)


def _click(incoming: Incoming, data: dict[str, Any], gate_id: UUID, channel: str, ts: str) -> Click:
    message = _message(incoming, gate_id, channel, ts)
    meant = incoming.installations
    mine = next((row for row in meant if message and row.workspace_id == message.workspace_id), meant[0])
    return replace(_read(data, gate_id, mine), message=message, channel=channel)


def _read(data: dict[str, Any], gate_id: UUID, mine: SlackInstallation) -> Click:
    user = _dict(data.get("user"))
    return Click(
        installation=mine,
        gate_id=gate_id,
        message=None,
        team_id=str(user.get("team_id") or mine.team_id),
        user_id=str(user.get("id", "")),
        channel="",
        trigger_id=str(data.get("trigger_id", "")),
        digest=hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest(),
        data=data,
    )


def _message(incoming: Incoming, gate_id: UUID, channel: str, ts: str) -> SlackMessage | None:
    """The message on which it stands. A note to one person has no row: then one about this gate in the same place."""
    workspaces = [row.workspace_id for row in incoming.installations]
    rows = SlackMessage.objects.filter(team_id=incoming.installations[0].team_id, workspace__in=workspaces)
    rows = rows.filter(channel=channel, gate_id=gate_id).select_related("delivery")
    return (rows.filter(ts=ts) if ts else rows).order_by("posted_at", "pk").first()


def _first(data: dict[str, Any]) -> dict[str, Any]:
    actions = data.get("actions")
    return _dict(actions[0]) if isinstance(actions, list) and actions else {}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
