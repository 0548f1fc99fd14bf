"""The step kinds that need neither people nor a network."""

from __future__ import annotations

from intents import ports
from intents.kinds.agent import AgentKind
from intents.kinds.delay import DelayKind
from intents.kinds.notification import NotificationKind


def register_own() -> None:
    """Register the kinds of this app."""
    ports.register_kind("agent", AgentKind())
    ports.register_kind("delay", DelayKind())
    ports.register_kind("notification", NotificationKind())
