"""Off-boarding as an admin action: a page between shows what will be mended, then the same service as the command."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from approvals.models import Person
from approvals.services.offboarding import off_board
from intents.admin_base import actor_of

MOST_AT_ONCE = 20


def off_board_all(request: HttpRequest, rows: Any) -> HttpResponse | None:
    """First the page between; its button comes here again."""
    person = request.user
    if not isinstance(person, Person):
        raise PermissionDenied
    chosen = list(rows.order_by("name"))
    if len(chosen) > MOST_AT_ONCE or person in chosen:
        words = "Nobody off-boards themselves." if person in chosen else f"At most {MOST_AT_ONCE} people at once."
        messages.error(request, words)
        return None
    dry_run = "apply" not in request.POST
    found = [(each, off_board(each, actor=actor_of(request), author=person, dry_run=dry_run)) for each in chosen]
    names = ", ".join(each.name for each in chosen)
    title = f"Off-board {names}?" if dry_run else f"{names}: off-boarded"
    context = admin.site.each_context(request) | {"title": title, "found": found, "dry_run": dry_run}
    return TemplateResponse(request, "admin/off_board.html", context)
