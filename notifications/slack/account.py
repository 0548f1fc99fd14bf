"""`/account/slack`: where a person links their Slack account, and where the linking ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from approvals.models import Person
from approvals.views.guard import acts, signed_in
from approvals.views.sessions import signed_in_within
from intents import clock
from intents.errors import DomainError
from intents.ids import parse_id
from notifications.models import SlackInstallation, SlackLink
from notifications.slack.linking import REST, confirm, is_rested, new_code, refuse, unlink, waiting_code

RECENTLY = timedelta(minutes=15)
SIGN_IN_AGAIN = "Linking an account needs a recent sign-in. Sign in again, then confirm."


@require_safe
@signed_in
def account(request: HttpRequest, person: Person) -> HttpResponse:
    """What is linked, and how far a linking has come."""
    return _page(request, person)


@acts
@require_POST
@signed_in
def make_code(request: HttpRequest, person: Person) -> HttpResponse:
    """A new code, on this answer and nowhere else."""
    if not _installations(person):
        return redirect("slack_account")
    return _page(request, person, code=new_code(person, clock.now()))


@acts
@require_POST
@signed_in
def confirm_link(request: HttpRequest, person: Person) -> HttpResponse:
    """The person says whether the Slack user who sent the code is them."""
    code_id = request.POST.get("code", "")
    if not (code_id.isascii() and code_id.isdecimal()):
        return redirect("slack_account")
    if request.POST.get("mine") != "yes":
        refuse(person, int(code_id))
        messages.info(request, "Nothing was linked, and the code is void. Never send somebody else your code.")
        return redirect("slack_account")
    now = clock.now()
    if not signed_in_within(request, RECENTLY, now):
        messages.error(request, SIGN_IN_AGAIN)
        return redirect("slack_account")
    try:
        link = confirm(person, int(code_id), now)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        minutes = int(REST.total_seconds() // 60)
        messages.success(request, f"{link.user_name} in {link.team_name} is you. It works in {minutes} minutes.")
    return redirect("slack_account")


@acts
@require_POST
@signed_in
def unlink_account(request: HttpRequest, person: Person) -> HttpResponse:
    """This Slack account is nobody's here from now on."""
    link_id = parse_id(request.POST.get("link", ""))
    if isinstance(link_id, UUID):
        unlink(person, link_id, clock.now())
        messages.success(request, "Unlinked. Nothing reaches you in Slack any more.")
    return redirect("slack_account")


def _page(request: HttpRequest, person: Person, code: str = "") -> HttpResponse:
    now = clock.now()
    context: dict[str, Any] = {
        "now": now,
        "installations": _installations(person),
        "links": [(link, _works_from(link, now)) for link in _links(person)],
        "code": code,
        "waiting": waiting_code(person, now),
        "recent": signed_in_within(request, RECENTLY, now),
    }
    return render(request, "slack/account.html", context)


def _links(person: Person) -> QuerySet[SlackLink]:
    return SlackLink.objects.filter(person=person, ended_at=None).order_by("linked_at")


def _works_from(link: SlackLink, now: datetime) -> datetime | None:
    """None if it works already."""
    return None if is_rested(link, now) else link.linked_at + REST


def _installations(person: Person) -> list[SlackInstallation]:
    """The apps of the person's workspaces."""
    mine = person.memberships.filter(is_active=True).values("workspace")
    return list(SlackInstallation.objects.filter(workspace__in=mine).select_related("workspace"))
