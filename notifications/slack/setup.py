"""`/setup/slack`: an admin makes the app from the manifest, pastes its tokens, and sees at once what does not work."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from approvals.models import Person
from approvals.planner import settings_of
from approvals.views.guard import acts, signed_in
from intents import clock
from intents.models import Workspace
from notifications.models import SlackInstallation
from notifications.places import is_public
from notifications.sealing import Unreadable
from notifications.slack.checking import APP, BOT, SECRET, Secrets, secrets_of, tested
from notifications.slack.installing import install, installations, uninstall
from notifications.slack.manifest import as_json, new_app_url
from notifications.slack.rooms import rooms_of
from notifications.slack.socketmode.hearing import hearing

FIELDS = (
    (BOT, "Bot User OAuth Token", "xoxb-…, under “OAuth & Permissions”"),
    (SECRET, "Signing Secret", "32 characters, under “Basic Information”"),
    (
        APP,
        "App-Level Token",
        "xapp-…, for Socket Mode; under “Basic Information”, “App-Level Tokens”, with connections:write",
    ),
)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters(BOT, SECRET, APP)
@signed_in
def setup(request: HttpRequest, person: Person) -> HttpResponse:
    """The page, for admins of a workspace. Posting tries the tokens and keeps them only if all of them work."""
    workspace = workspace_of(request, person)
    current = installations(workspace).first()
    if request.method != "POST":
        return _page(request, person, workspace, current)
    secrets = _given(request, current)
    found = tested(secrets, socket_mode=not _public())
    if found.faults:
        return _page(request, person, workspace, current, found.faults)
    row = install(workspace, secrets, found, person.actor)
    messages.success(request, f"Countersign speaks to {row.team_name} now. Everybody links their own account next.")
    return redirect(f"{reverse('slack_setup')}?workspace={workspace}")


@acts
@require_POST
@signed_in
def remove(request: HttpRequest, person: Person) -> HttpResponse:
    """Forget the tokens."""
    workspace = workspace_of(request, person)
    uninstall(workspace, person.actor)
    messages.success(request, "Slack is off for this workspace, and its tokens are forgotten.")
    return redirect(f"{reverse('slack_setup')}?workspace={workspace}")


def run_by(person: Person) -> QuerySet[Workspace]:
    """The workspaces whose admin this person is."""
    mine = Workspace.objects.filter(memberships__person=person, memberships__is_active=True, memberships__is_admin=True)
    return mine.order_by("org", "name")


def workspace_of(request: HttpRequest, person: Person) -> Workspace:
    """The one that is named, else the first. 404 for whoever is no admin, as if there were no such page."""
    org, _, name = (request.POST.get("workspace") or request.GET.get("workspace") or "").partition("/")
    mine = run_by(person)
    found = mine.filter(org=org, name=name).first() if org else mine.first()
    if found is None:
        raise Http404("You are no admin of such a workspace.")
    return found


def _given(request: HttpRequest, current: SlackInstallation | None) -> Secrets:
    """What was pasted; what was left empty stays as it is."""
    typed = [request.POST.get(name, "").strip() for name, _, _ in FIELDS]
    try:
        kept = secrets_of(current) if current else Secrets("", "")
    except Unreadable:
        kept = Secrets("", "")
    return Secrets(typed[0] or kept.bot_token, typed[1] or kept.signing_secret, typed[2] or kept.app_token)


def _page(
    request: HttpRequest,
    person: Person,
    workspace: Workspace,
    current: SlackInstallation | None,
    faults: dict[str, str] | None = None,
) -> HttpResponse:
    """Nothing that was pasted is shown again."""
    context: dict[str, Any] = {
        "workspace": workspace,
        "workspaces": run_by(person),
        "current": current,
        "hearing": hearing(current, clock.now(), public=_public()) if current and not current.fault else None,
        "rooms": rooms_of(workspace.pk),
        "now": clock.now(),
        "public": _public(),
        "base_url": settings.BASE_URL,
        "manifest": as_json(settings.BASE_URL, public=_public()),
        "new_app": new_app_url(settings.BASE_URL, public=_public()),
        "socket_app": new_app_url(settings.BASE_URL, public=False),
        "fields": [(name, label, help_, (faults or {}).get(name, "")) for name, label, help_ in FIELDS],
        "faulty": bool(faults),
        "changers_wait": settings_of(workspace).changers_wait,
    }
    return render(request, "slack/setup.html", context, status=422 if faults else 200)


def _public() -> bool:
    return is_public(settings.BASE_URL)
