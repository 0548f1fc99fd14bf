"""`/slack/events`: what happens in Slack. Rows are written, Slack gets its 200, everything else is done later."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from intents import clock, nudges
from intents.services.durable import durable
from notifications.slack.faults import BROKEN
from notifications.slack.inbound.genuine import Incoming, NotGenuine, genuine
from notifications.slack.installing import note_fault
from notifications.slack.linking import take_code

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,128}")
Handler = Callable[[Incoming, dict[str, Any]], None]


@csrf_exempt
@require_POST
def events(request: HttpRequest) -> HttpResponse:
    """401 for what is not Slack's. What nobody handles is taken and forgotten; repeats change nothing."""
    if challenge := _challenge(request):
        return HttpResponse(challenge, content_type="text/plain")
    try:
        incoming = genuine(request)
    except NotGenuine:
        return HttpResponse(status=401)
    event = incoming.data.get("event")
    if isinstance(event, dict) and (handle := HANDLERS.get(str(event.get("type")))):
        handle(incoming, event)
    return HttpResponse(status=200)


def message(incoming: Incoming, event: dict[str, Any]) -> None:
    """Somebody wrote to the bot in a direct message: perhaps the code of their account page."""
    written_by_somebody = event.get("user") and not event.get("bot_id") and not event.get("subtype")
    if event.get("channel_type") != "im" or not written_by_somebody:
        return
    team = str(event.get("user_team") or event.get("team") or incoming.data.get("team_id"))
    with durable():
        if take_code(incoming.installations[0], team, str(event["user"]), str(event.get("text") or ""), clock.now()):
            nudges.after_commit(nudges.DELIVER)


def removed(incoming: Incoming, event: dict[str, Any]) -> None:
    """The app was uninstalled, or its token revoked: nothing is sent through it any more."""
    code = "token_revoked" if event.get("type") == "tokens_revoked" else "account_inactive"
    if code == "token_revoked" and not (event.get("tokens") or {}).get("bot"):
        return
    for installation in incoming.installations:
        with durable():
            note_fault(installation, BROKEN[code])


HANDLERS: Mapping[str, Handler] = {"message": message, "app_uninstalled": removed, "tokens_revoked": removed}


def _challenge(request: HttpRequest) -> str:
    """Slack tries an address before there is an app, and so before we can know its signature: the word goes back."""
    if b'"url_verification"' not in request.body:
        return ""
    try:
        data = json.loads(request.body)
    except (ValueError, RecursionError):
        return ""
    word = data.get("challenge") if isinstance(data, dict) and data.get("type") == "url_verification" else ""
    return word if isinstance(word, str) and CHALLENGE.fullmatch(word) else ""
