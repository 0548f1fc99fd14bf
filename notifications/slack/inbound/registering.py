"""Everything that comes from Slack, and who handles it."""

from __future__ import annotations

from notifications.slack.actions import ACT, DECIDE, OPEN
from notifications.slack.inbound import acting, commands, deciding, events, home_events, opening, typed
from notifications.slack.inbound.actforms import ACTING
from notifications.slack.inbound.dispatch import register, register_command, register_event, register_form
from notifications.slack.inbound.form import DECIDING
from notifications.slack.manifest import COMMAND, ROOM_EVENTS


def register_all() -> None:
    """Once, when the program starts."""
    register(DECIDE, deciding.pressed)
    register(ACT, acting.pressed)
    register(OPEN, opening.pressed)
    register_form(DECIDING, deciding.sent)
    register_form(ACTING, acting.sent)
    register_command(COMMAND, commands.command)
    register_event("message", typed.message)
    register_event("app_home_opened", home_events.home_opened)
    register_event("app_uninstalled", events.removed)
    register_event("tokens_revoked", events.removed)
    for name in ROOM_EVENTS:
        register_event(name, events.room_changed)
