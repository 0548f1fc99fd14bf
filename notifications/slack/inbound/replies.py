"""What the one who pressed sees: a note to them alone, or a form. Slack has its 200 before anything is sent to it."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from notifications.sealing import Unreadable
from notifications.slack.client import client_of
from notifications.slack.faults import FAULTS, code_of, fate_of
from notifications.slack.inbound.clicks import Click
from notifications.slack.inbound.response import Response
from notifications.slack.inbound.surfaces import Surface
from notifications.slack.openbutton import LOOK, open_button
from notifications.slack.richtext import Json, block, escaped, line, link, text
from notifications.slack.sheets import SHEET

log = logging.getLogger(__name__)
SECONDS = 2
NOT_IN_CHANNEL = "user_not_in_channel"
AGAIN = "The form could not be opened in time, and nothing was recorded. Press again:"


@dataclass(frozen=True)
class Words:
    """A sentence. `url`: a page about it; `again`: a button to press once more; `errors`: beside fields of a form."""

    text: str
    url: str = ""
    again: Json | None = None
    errors: dict[str, str] | None = None
    is_unsure: bool = False

    @property
    def blocks(self) -> list[Json]:
        """Literal text, whatever a program wrote."""
        way = [link(self.url, "Open its page")] if self.url else []
        shown = [block(line(text(f"{self.text} "), *way))]
        return shown + ([{"type": "actions", "elements": [self.again]}] if self.again else [])


@dataclass(frozen=True)
class Form:
    """A form to open; `again` is the button that opened it, in case it comes too late."""

    view: Json
    again: Json


def to_press(click: Click, reply: Words | Form) -> Response:
    """The answer to a press: where it was pressed."""
    if click.surface:
        return Response(later=partial(_in_place, click, click.surface, reply))
    if isinstance(reply, Form):
        return Response(later=lambda: _open(click, reply))
    return Response(later=lambda: _whisper(click, reply))


def to_form(reply: Words | Form, beside: str) -> Response:
    """The answer to a form: errors keep it open, one about all of it `beside` this field; words take its place."""
    if isinstance(reply, Form):
        return Response({"response_action": "update", "view": reply.view})
    errors = {beside: reply.text} if reply.is_unsure else reply.errors
    if errors:
        return Response({"response_action": "errors", "errors": errors})
    return Response({"response_action": "update", "view": _sign(reply)})


def _open(click: Click, form: Form) -> None:
    try:
        client_of(click.installation, SECONDS).views_open(trigger_id=click.trigger_id, view=form.view)
    except Unreadable as error:
        log.warning("slack form not opened", extra={"why": str(error)})
    except FAULTS as error:
        log.info("slack form not opened", extra={"why": fate_of(error).why})
        _whisper(click, Words(AGAIN, again=form.again))


def _in_place(click: Click, surface: Surface, reply: Words | Form) -> None:
    """Instead of the sheet that it was pressed on; opened above a Home or a note."""
    view = reply.view if isinstance(reply, Form) else _sign(reply, surface.token)
    try:
        client = client_of(click.installation, SECONDS)
        if surface.view_id:
            client.views_update(view_id=surface.view_id, view=view)
        else:
            client.views_open(trigger_id=click.trigger_id, view=view)
    except Unreadable as error:
        log.warning("slack sheet not shown", extra={"why": str(error)})
    except FAULTS as error:
        log.info("slack sheet not shown", extra={"why": fate_of(error).why})
        again = Words(AGAIN, again=open_button(click.gate_id, LOOK))
        _whisper(click, again if isinstance(reply, Form) else reply)


def _whisper(click: Click, words: Words) -> None:
    """A note that nobody else sees, where they pressed. What was recorded stands in the card, too."""
    note: dict[str, Any] = {"user": click.user_id, "text": escaped(words.text), "blocks": words.blocks}
    try:
        _say(client_of(click.installation, SECONDS), click, note)
    except Unreadable as error:
        log.warning("slack note not sent", extra={"why": str(error)})
    except FAULTS as error:
        log.warning("slack note not sent", extra={"why": fate_of(error).why})


def _say(client: WebClient, click: Click, note: dict[str, Any]) -> None:
    """Beside the bot if there is no such place, or they only look in there and are no member."""
    try:
        if click.channel:
            client.chat_postEphemeral(channel=click.channel, thread_ts=click.thread_ts or None, **note)
            return
    except SlackApiError as error:
        if code_of(error) != NOT_IN_CHANNEL:
            raise
    client.chat_postEphemeral(channel=client.conversations_open(users=click.user_id)["channel"]["id"], **note)


def _sign(words: Words, token: str = "") -> Json:
    """Words as a view that has nothing to send; `token`: of the sheet whose place it takes."""
    kept = {"private_metadata": json.dumps({SHEET: token})} if token else {}
    return {
        "type": "modal",
        "title": _plain("Countersign"),
        "close": _plain("Close"),
        "blocks": words.blocks,
        **kept,
    }


def _plain(words: str) -> Json:
    return {"type": "plain_text", "text": words, "emoji": False}
