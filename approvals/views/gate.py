"""The gate's page and its moving parts."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from approvals.models import Person
from approvals.selectors import gate_for
from approvals.views.answerform import Typed, form_of
from approvals.views.doors import page_door
from approvals.views.gatepage import gate_page, moving_parts, version_of
from approvals.views.guard import signed_in
from approvals.views.standing import Standing, standing_of
from approvals.views.subject import subject_of
from intents import clock


@require_safe
@signed_in
def gate(request: HttpRequest, person: Person, gate_id: uuid.UUID) -> HttpResponse:
    """What is asked, by whom, how far it is, and the form to answer. `?full=1` leaves nothing out."""
    typed = Typed(full=request.GET.get("full") == "1")
    return gate_page(request, person, gate_for(person, gate_id), typed=typed)


@require_safe
@signed_in
def gate_live(request: HttpRequest, person: Person, gate_id: uuid.UUID) -> HttpResponse:
    """204 while nothing has changed since the version `v`; else the parts that did.

    The form is replaced only if the page shows another standing (`shows`) than is true now.
    """
    row, now = gate_for(person, gate_id), clock.now()
    shown = request.GET.get("digest") or row.digest
    standing = standing_of(row, person, now)
    if row.is_open and shown != row.digest:
        standing = Standing("changed")
    if request.GET.get("v") == version_of(row, standing, now):
        return HttpResponse(status=204)
    context = moving_parts(row, person, now) | {
        "standing": standing,
        "version": version_of(row, standing, now),
        "shown_digest": shown,
        "replace_answer": request.GET.get("shows") != standing.kind,
    }
    if context["replace_answer"]:
        is_cut = subject_of(row, full=request.GET.get("full") == "1").is_cut
        typed = Typed(full=request.GET.get("full") == "1")
        context |= {"form": form_of(row, typed, is_cut=is_cut, door=page_door(request, row, now)), "typed": typed}
    return render(request, "gate_live.html", context)
