"""Everything that comes from Slack, and who handles it."""

from __future__ import annotations

from notifications.slack.actions import ACT, DECIDE
from notifications.slack.inbound import acting, deciding, events
from notifications.slack.inbound.actforms import ACTING
from notifications.slack.inbound.dispatch import register, register_event, register_form
from notifications.slack.inbound.form import DECIDING


def register_all() -> None:
    """Once, when the program starts."""
    register(DECIDE, deciding.pressed)
    register(ACT, acting.pressed)
    register_form(DECIDING, deciding.sent)
    register_form(ACTING, acting.sent)
    register_event("message", events.message)
    register_event("app_uninstalled", events.removed)
    register_event("tokens_revoked", events.removed)
