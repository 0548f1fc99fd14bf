"""The list of channels on `/setup/slack`: an admin adds one, which Slack is asked about at once, or takes one off."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from approvals.models import Person
from approvals.views.guard import acts, signed_in
from intents.errors import DomainError
from intents.models import Workspace
from notifications.slack.roomlist import add_room, remove_room
from notifications.slack.setup import workspace_of

LONGEST = 300
ADDED = "Policies may post to {} now."
SHARED = " Other organisations read it, so only a note without contents goes there."


@acts
@require_POST
@signed_in
def add(request: HttpRequest, person: Person) -> HttpResponse:
    """Put a channel on the list."""
    workspace = workspace_of(request, person)
    try:
        room = add_room(workspace, request.POST.get("channel", "")[:LONGEST], person.actor)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, ADDED.format(room) + (SHARED if room.is_shared else ""))
    return _back(workspace)


@acts
@require_POST
@signed_in
def remove(request: HttpRequest, person: Person) -> HttpResponse:
    """Take one off the list."""
    workspace = workspace_of(request, person)
    number = request.POST.get("channel", "")
    try:
        room = remove_room(workspace, int(number) if number.isascii() and number.isdecimal() else 0, person.actor)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"Nothing is posted to {room} any more.")
    return _back(workspace)


def _back(workspace: Workspace) -> HttpResponse:
    return redirect(f"{reverse('slack_setup')}?workspace={workspace}#channels")
