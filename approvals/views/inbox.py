"""The inbox: what waits for me, what else is open, what was decided lately."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from approvals.models import Person
from approvals.views.guard import signed_in
from approvals.views.inboxrows import inbox_of, inbox_version
from intents import clock


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """There is no other front page."""
    return redirect("inbox")


@require_safe
@signed_in
def inbox(request: HttpRequest, person: Person) -> HttpResponse:
    """The whole page."""
    return render(request, "inbox.html", _context(person))


@require_safe
@signed_in
def inbox_live(request: HttpRequest, person: Person) -> HttpResponse:
    """204 while nothing has changed since the version `v`; else the lists."""
    if request.GET.get("v") == inbox_version(person, clock.now()):
        return HttpResponse(status=204)
    return render(request, "inbox_live.html", _context(person))


def _context(person: Person) -> dict[str, object]:
    now = clock.now()
    version = inbox_version(person, now)
    return {"now": now, "version": version, "inbox": inbox_of(person, now)}
