"""`/countersign`: what waits, one request in full, who is on call, being away. Nothing is decided by it.

Answered within Slack's three seconds, to the caller alone, by the same services as the pages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from approvals.text import one_line
from intents import clock
from intents.errors import DomainError
from intents.services.durable import durable, hurried
from notifications.models import SlackPress
from notifications.slack.inbound.callers import Caller, caller_of, keep_stranger
from notifications.slack.inbound.command_absent import absent
from notifications.slack.inbound.command_list import listed
from notifications.slack.inbound.command_oncall import oncall
from notifications.slack.inbound.command_show import show
from notifications.slack.inbound.commandline import Line, read
from notifications.slack.inbound.commandreplies import HELP, NOT_BY_COMMAND, NOT_CONFIRMED, said
from notifications.slack.inbound.decisionwords import sounds_like_an_answer
from notifications.slack.inbound.doing import SECONDS, UNSURE
from notifications.slack.inbound.genuine import Incoming
from notifications.slack.inbound.response import Response
from notifications.slack.inbound.who import Stranger
from notifications.slack.richtext import Json

BEFORE = "This command was handled before, and does nothing more. Send absent alone to see what is set."
VERBS: Mapping[str, Callable[[Caller, Line, str], Json]] = {
    "list": listed,
    "show": show,
    "oncall": oncall,
    "absent": absent,
}


def command(incoming: Incoming, data: dict[str, Any]) -> Response:
    """The note with which Slack is answered."""
    return Response(_note(incoming, data))


def _note(incoming: Incoming, data: dict[str, Any]) -> Json:
    line = read(str(data.get("text") or ""))
    if line.verb not in VERBS:
        return said(_without_verb(line))
    try:
        with hurried(SECONDS):
            return _done(incoming, data, line)
    except UNSURE:
        return said(NOT_CONFIRMED)
    except DomainError as error:
        return said(error.message)


def _without_verb(line: Line) -> str:
    if line.verb in ("", "help"):
        return HELP
    if sounds_like_an_answer(line.verb):
        return NOT_BY_COMMAND
    return f"There is no “{one_line(line.verb, 40)}”. There is:\n{HELP}"


def _done(incoming: Incoming, data: dict[str, Any], line: Line) -> Json:
    team_id, user_id = str(data.get("team_id") or ""), str(data.get("user_id") or "")
    caller = caller_of(incoming.installations, team_id, user_id)
    if isinstance(caller, Stranger):
        keep_stranger(incoming.installations, team_id, user_id, caller)
        return said(caller.words)
    if line.verb != "absent" or not line.words:
        return VERBS[line.verb](caller, line, team_id)
    with durable():
        return absent(caller, line, team_id) if _is_first(data) else said(BEFORE)


def _is_first(data: dict[str, Any]) -> bool:
    """Slack repeats what it thinks was lost, with the same `trigger_id`. Noted with what was done, or not at all."""
    digest = hashlib.sha256(f"command:{data.get('trigger_id')}".encode()).hexdigest()
    return SlackPress.objects.get_or_create(digest=digest, defaults={"at": clock.now()})[1]
