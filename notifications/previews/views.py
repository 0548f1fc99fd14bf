"""`/setup/preview`: an admin looks at what an example request would say to whom, before anybody gets it."""

from __future__ import annotations

import json
from typing import Any

from csp.decorators import csp, csp_update
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe
from rest_framework.exceptions import ValidationError

from approvals.models import Person
from approvals.views.guard import signed_in
from intents import clock
from intents.errors import DomainError, NotFound
from intents.models import Workspace
from notifications.previews.showing import Shown, messages_of
from notifications.rehearsal.wire import read_dry_run
from notifications.views import FRAMED

EXAMPLE = {"target": "prod-postgres-main", "migration": "add_index_users_email"}
FIELDS = ("workspace", "type", "target", "payload", "title", "description", "sender")


@csp_update({"frame-src": ["'self'"]})
@require_safe
@signed_in
def preview(request: HttpRequest, person: Person) -> HttpResponse:
    """The form, and for a filled-in one the messages. All of it stands in the address: nothing is kept."""
    workspaces = _administered(person)
    typed = _typed(request, workspaces)
    context: dict[str, Any] = {"workspaces": workspaces, "typed": typed, "now": clock.now(), "messages_shown": []}
    if request.GET.get("type"):
        try:
            context["messages_shown"] = _messages(workspaces, typed)
        except DomainError as error:
            context["error"] = error.message
    return render(request, "preview.html", context | {"query": request.GET.urlencode()})


@csp(FRAMED)  # type: ignore[arg-type]  # its types know no view with arguments
@xframe_options_sameorigin
@require_safe
@signed_in
def preview_html(request: HttpRequest, person: Person, number: int) -> HttpResponse:
    """The HTML of one of them, where it can do nothing."""
    workspaces = _administered(person)
    try:
        found = _messages(workspaces, _typed(request, workspaces))
    except DomainError as error:
        raise Http404(error.message) from error
    if number >= len(found):
        raise Http404("There is no such message.")
    return HttpResponse(found[number].html)


def _administered(person: Person) -> list[Workspace]:
    """NotFound for whoever is an admin nowhere."""
    rows = Workspace.objects.filter(memberships__person=person, memberships__is_active=True, memberships__is_admin=True)
    found = list(rows.order_by("org", "name"))
    if not found:
        raise NotFound("This page is for admins of a workspace.")
    return found


def _typed(request: HttpRequest, workspaces: list[Workspace]) -> dict[str, str]:
    start = {
        "workspace": str(workspaces[0]),
        "type": "intent.infra.change_approval.v1",
        "target": "human",
        "payload": json.dumps(EXAMPLE, indent=2),
    }
    return {name: request.GET.get(name, start.get(name, "")).replace("\0", "") for name in FIELDS}


def _messages(workspaces: list[Workspace], typed: dict[str, str]) -> list[Shown]:
    workspace = next((each for each in workspaces if str(each) == typed["workspace"]), None)
    if workspace is None:
        raise NotFound("You are no admin of this workspace.")
    try:
        payload = json.loads(typed["payload"] or "{}")
        intent: dict[str, Any] = {"intent_type": typed["type"], "to_agent": typed["target"], "payload": payload}
        if typed["title"] or typed["description"]:
            intent["human_task"] = {"title": typed["title"], "description": typed["description"]}
        body = {"intent": intent} | ({"sender": typed["sender"]} if typed["sender"] else {})
        script, _, _ = read_dry_run(body, clock.now())
    except (ValueError, RecursionError) as error:
        raise NotFound("The payload is no JSON.") from error
    except ValidationError as error:
        raise NotFound(f"This cannot be sent: {error.detail}") from error
    return messages_of(workspace, script)
