"""What somebody types to the bot: a code that links their account, an answer where buttons are meant, anything else.
In channels only an answer under a card is heard.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from intents import clock, nudges
from intents.services.durable import durable
from notifications.models import SlackMessage
from notifications.slack.inbound.decisionwords import sounds_like_an_answer
from notifications.slack.inbound.genuine import Incoming
from notifications.slack.linking import CODE, is_repeat, take_code
from notifications.slack.lookup import SLACKBOT
from notifications.slack.notes import Note, queue_note
from notifications.slack.notewords import HELP, NO_CODE, NUDGE

NUDGED_EVERY = timedelta(minutes=10)
TOLD_EVERY = timedelta(minutes=1)
HELPED_EVERY = timedelta(minutes=10)
LONGEST = 32
ROOMS = ("channel", "group")


@dataclass(frozen=True)
class Typed:
    """By a person of Slack."""

    team_id: str
    user_id: str
    channel: str
    text: str
    thread_ts: str


def message(incoming: Incoming, event: dict[str, Any]) -> None:
    """Never of a bot, ours least of all, and never a change to something typed before."""
    if not _is_by_somebody(incoming, event):
        return
    typed = _read(incoming, event)
    if event.get("channel_type") in ROOMS:
        _queue(incoming, _nudge(incoming, typed))
    elif event.get("channel_type") == "im":
        _direct(incoming, typed)


def _read(incoming: Incoming, event: dict[str, Any]) -> Typed:
    return Typed(
        team_id=str(event.get("user_team") or event.get("team") or incoming.data.get("team_id"))[:LONGEST],
        user_id=str(event["user"])[:LONGEST],
        channel=str(event.get("channel") or "")[:LONGEST],
        text=str(event.get("text") or ""),
        thread_ts=str(event.get("thread_ts") or "")[:LONGEST],
    )


def _direct(incoming: Incoming, typed: Typed) -> None:
    with durable():
        if take_code(incoming.installations[0], typed.team_id, typed.user_id, typed.text, clock.now()):
            nudges.after_commit(nudges.DELIVER)
        else:
            _queue(incoming, _answer(incoming, typed))


def _queue(incoming: Incoming, note: Note | None) -> None:
    if note is not None:
        with durable():
            queue_note(incoming.installations[0], note)


def _is_by_somebody(incoming: Incoming, event: dict[str, Any]) -> bool:
    ours = {SLACKBOT, *(row.bot_user_id for row in incoming.installations)}
    user = event.get("user")
    return bool(user) and user not in ours and not event.get("bot_id") and not event.get("subtype")


def _answer(incoming: Incoming, typed: Typed) -> Note | None:
    """None for the repeat of a code that is on its way already."""
    if CODE.search(typed.text.upper()):
        if is_repeat(typed.team_id, typed.user_id, typed.text, clock.now()):
            return None
        return Note(NO_CODE, typed.user_id, typed.channel, TOLD_EVERY)
    if sounds_like_an_answer(typed.text):
        at_large = Note(NUDGE, typed.user_id, typed.channel, NUDGED_EVERY, typed.thread_ts)
        return _nudge(incoming, typed) or at_large
    return Note(HELP, typed.user_id, typed.channel, HELPED_EVERY, typed.thread_ts)


def _nudge(incoming: Incoming, typed: Typed) -> Note | None:
    """If it is an answer, in the thread of a message of ours about a gate."""
    if not (typed.thread_ts and sounds_like_an_answer(typed.text)):
        return None
    workspaces = [row.workspace_id for row in incoming.installations]
    rows = SlackMessage.objects.filter(team_id=incoming.installations[0].team_id, workspace__in=workspaces)
    card = rows.filter(channel=typed.channel, ts=typed.thread_ts, gate_id__isnull=False).first()
    if card is None:
        return None
    return Note(NUDGE, typed.user_id, typed.channel, NUDGED_EVERY, typed.thread_ts, card.gate_id)
