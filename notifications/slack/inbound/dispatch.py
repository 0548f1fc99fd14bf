"""Who handles what comes from Slack: a press by the kind that its action id begins with (`actions.kind_of`),
a form by its callback id, a slash command and an event by their names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from notifications.slack.inbound.genuine import Incoming
from notifications.slack.inbound.response import Response

Handler = Callable[[Incoming, dict[str, Any]], Response]
EventHandler = Callable[[Incoming, dict[str, Any]], None]
_handlers: dict[str, Handler] = {}
_forms: dict[str, Handler] = {}
_commands: dict[str, Handler] = {}
_events: dict[str, EventHandler] = {}


def register(kind: str, handler: Handler) -> None:
    """Let `handler` take the presses of this kind."""
    _handlers[kind] = handler


def register_form(callback_id: str, handler: Handler) -> None:
    """Let `handler` take what was sent with the forms of this name."""
    _forms[callback_id] = handler


def register_command(name: str, handler: Handler) -> None:
    """Let `handler` take this slash command; it gets all that came with it."""
    _commands[name] = handler


def register_event(name: str, handler: EventHandler) -> None:
    """Let `handler` take the events of this type. It gets the event itself, writes rows, and a repeat is harmless."""
    _events[name] = handler


def handler_of(kind: str) -> Handler | None:
    """Who takes the presses of this kind."""
    return _handlers.get(kind)


def form_handler(callback_id: str) -> Handler | None:
    """Who takes the forms of this name."""
    return _forms.get(callback_id)


def command_handler(name: str) -> Handler | None:
    """Who takes this slash command."""
    return _commands.get(name)


def event_handler(name: str) -> EventHandler | None:
    """Who takes the events of this type."""
    return _events.get(name)


def is_answered(kind: str) -> bool:
    """True if a press on such a button does something. Others are not offered: nothing would answer them."""
    return kind in _handlers
