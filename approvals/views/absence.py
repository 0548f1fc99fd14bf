"""`/account/absence`: say from when till when one is away and who is asked instead; see it; end it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from approvals.directory import member
from approvals.models import Absence, Person
from approvals.services.absences import accept_absence, end_absence, start_absence
from approvals.views.absenceapi import hints
from approvals.views.guard import acts, signed_in
from intents import clock
from intents.errors import DomainError, Invalid
from intents.models import Workspace

FIELDS = ("workspace", "starts_at", "ends_at", "delegate")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def absence_page(request: HttpRequest, person: Person) -> HttpResponse:
    """The page; a POST begins an absence, or shows the page again with what was typed and what is wrong."""
    if request.method != "POST":
        return _page(request, person, _typed_by_default(), "")
    typed = {name: request.POST.get(name, "").replace("\0", "").strip() for name in FIELDS}
    try:
        row = _begin(person, typed)
    except DomainError as error:
        return _page(request, person, typed, error.message, status=422)
    for hint in hints(row):
        messages.warning(request, hint)
    messages.success(request, f"You are away until {row.ends_at:%d %B %Y, %H:%M} UTC.")
    return redirect("absence")


@acts
@signed_in
def end_absence_on_page(request: HttpRequest, person: Person, absence_id: uuid.UUID) -> HttpResponse:
    """End one's own absence now."""
    end_absence(get_object_or_404(Absence, pk=absence_id, person=person), actor=person.actor)
    messages.success(request, "That absence has ended. You are told of new requests again.")
    return redirect("absence")


@acts
@signed_in
def accept_absence_on_page(request: HttpRequest, person: Person, absence_id: uuid.UUID) -> HttpResponse:
    """Agree to stand in for somebody."""
    row = get_object_or_404(Absence.objects.select_related("person"), pk=absence_id, delegate=person)
    try:
        accept_absence(row, person)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"You stand in for {row.person.name}, and do not decide on what they ask for.")
    return redirect("absence")


def _page(request: HttpRequest, person: Person, typed: dict[str, str], error: str, status: int = 200) -> HttpResponse:
    rows = Absence.objects.filter(ended_at=None, ends_at__gt=clock.now()).select_related("workspace")
    shown: dict[str, Any] = {
        "absences": rows.filter(person=person).select_related("delegate").order_by("starts_at"),
        "represented": rows.filter(delegate=person).select_related("person").order_by("starts_at"),
        "workspaces": _workspaces(person),
        "typed": typed,
        "error": error,
        "now": clock.now(),
    }
    return render(request, "absence.html", shown, status=status)


def _begin(person: Person, typed: dict[str, str]) -> Absence:
    workspace = next((each for each in _workspaces(person) if str(each) == typed["workspace"]), None)
    if workspace is None:
        raise Invalid("Choose one of your workspaces.", code="no_member")
    delegate = member(workspace, typed["delegate"]) if typed["delegate"] else None
    if typed["delegate"] and delegate is None:
        raise Invalid(f"{typed['delegate']} is no member of {workspace}: give the e-mail address of one.")
    starts_at = _moment(typed["starts_at"], "From") if typed["starts_at"] else clock.now()
    return start_absence(workspace, person, starts_at, _moment(typed["ends_at"], "Until"), delegate, actor=person.actor)


def _workspaces(person: Person) -> list[Workspace]:
    mine = Workspace.objects.filter(memberships__person=person, memberships__is_active=True)
    return list(mine.order_by("org", "name"))


def _moment(text: str, label: str) -> datetime:
    """What a browser's field for date and time sends, in UTC."""
    try:
        return datetime.strptime(text[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
    except ValueError as error:
        raise Invalid(f"{label} must be a date and a time, such as 2026-12-24T12:00 (UTC).") from error


def _typed_by_default() -> dict[str, str]:
    until = clock.now() + timedelta(days=7)
    return {"workspace": "", "starts_at": "", "ends_at": f"{until:%Y-%m-%dT09:00}", "delegate": ""}
