"""The door for all that Slack sends, signed over HTTP or through a connection of ours. What nobody handles is taken
and forgotten. Nothing is answered as done before it has committed.
"""

from __future__ import annotations

from intents.services.durable import hurried
from notifications.slack.actions import kind_of
from notifications.slack.inbound.dispatch import Handler, command_handler, event_handler, form_handler, handler_of
from notifications.slack.inbound.doing import SECONDS
from notifications.slack.inbound.genuine import Incoming
from notifications.slack.inbound.response import Response


def interaction(incoming: Incoming) -> Response:
    """A press on a button or a line of a menu, or a form that was sent."""
    handle = _handler(incoming)
    return handle(incoming, incoming.data) if handle else Response()


def command(incoming: Incoming) -> Response:
    """A slash command."""
    handle = command_handler(str(incoming.data.get("command")))
    return handle(incoming, incoming.data) if handle else Response()


def event(incoming: Incoming) -> Response:
    """Something happened in Slack. Rows are written, everything else is done later; repeats change nothing.

    Raises one of UNSURE if that could not be in time: Slack is not answered, and sends it again.
    """
    found = incoming.data.get("event")
    if isinstance(found, dict) and (handle := event_handler(str(found.get("type")))):
        with hurried(SECONDS):
            handle(incoming, found)
    return Response()


def _handler(incoming: Incoming) -> Handler | None:
    data = incoming.data
    if data.get("type") == "view_submission" and isinstance(data.get("view"), dict):
        return form_handler(str(data["view"].get("callback_id")))
    actions = data.get("actions")
    if data.get("type") == "block_actions" and isinstance(actions, list) and actions and isinstance(actions[0], dict):
        return handler_of(kind_of(str(actions[0].get("action_id"))))
    return None
