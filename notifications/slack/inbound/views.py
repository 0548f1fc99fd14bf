"""`/slack/interactions`, `/slack/events`, `/slack/commands`: Slack's way in over HTTP. 401 for what is not Slack's,
503 for what could not be done in time."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from intents.services.durable import hurried
from notifications.slack.inbound import door
from notifications.slack.inbound.doing import SECONDS, UNSURE
from notifications.slack.inbound.genuine import Incoming, NotGenuine, genuine
from notifications.slack.inbound.response import Response
from notifications.slack.installing import note_heard

log = logging.getLogger(__name__)
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,128}")


class Answered(HttpResponse):
    """Slack's 200, and what is done once it has gone out."""

    def __init__(self, response: Response) -> None:
        body = b"" if response.body is None else json.dumps(response.body).encode()
        super().__init__(body, content_type="application/json" if body else None)
        self._later = response.later

    def close(self) -> None:
        """The web server has sent the answer."""
        super().close()
        self._later()


@csrf_exempt
@require_POST
def interactions(request: HttpRequest) -> HttpResponse:
    """Presses on buttons, and forms that were sent."""
    return _through(request, door.interaction)


@csrf_exempt
@require_POST
def commands(request: HttpRequest) -> HttpResponse:
    """Slash commands."""
    return _through(request, door.command)


@csrf_exempt
@require_POST
def events(request: HttpRequest) -> HttpResponse:
    """What happens in Slack."""
    if challenge := _challenge(request):
        return HttpResponse(challenge, content_type="text/plain")
    return _through(request, _event)


def _event(incoming: Incoming) -> Response:
    """Also proves that Slack reaches this server."""
    response = door.event(incoming)
    with hurried(SECONDS):
        note_heard(incoming.installations)
    return response


def _through(request: HttpRequest, way: Callable[[Incoming], Response]) -> HttpResponse:
    try:
        return Answered(way(genuine(request)))
    except NotGenuine as error:
        log.info("slack call not believed", extra={"why": str(error)})
        return HttpResponse(status=401)
    except UNSURE:
        return HttpResponse(status=503)


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
