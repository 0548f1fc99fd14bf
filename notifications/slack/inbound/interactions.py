"""`/slack/interactions`: presses on buttons, and forms that were sent. Over HTTP, signed, and answered at once."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from notifications.slack.actions import kind_of
from notifications.slack.inbound import acting, deciding
from notifications.slack.inbound.actforms import ACTING
from notifications.slack.inbound.dispatch import Handler, handler_of
from notifications.slack.inbound.form import DECIDING
from notifications.slack.inbound.genuine import Incoming, NotGenuine, genuine

FORMS: Mapping[str, Handler] = {DECIDING: deciding.sent, ACTING: acting.sent}


@csrf_exempt
@require_POST
def interactions(request: HttpRequest) -> HttpResponse:
    """401 for what is not Slack's. What nobody handles is taken and forgotten."""
    try:
        incoming = genuine(request)
    except NotGenuine:
        return HttpResponse(status=401)
    handle = _handler(incoming)
    return handle(incoming, incoming.data) if handle else HttpResponse(status=200)


def _handler(incoming: Incoming) -> Handler | None:
    data = incoming.data
    if data.get("type") == "view_submission" and isinstance(data.get("view"), dict):
        return FORMS.get(str(data["view"].get("callback_id")))
    actions = data.get("actions")
    if data.get("type") == "block_actions" and isinstance(actions, list) and actions and isinstance(actions[0], dict):
        return handler_of(kind_of(str(actions[0].get("action_id"))))
    return None
