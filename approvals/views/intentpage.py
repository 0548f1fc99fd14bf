"""An intent's page, with what the person who looks at it can do there."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from approvals.models import Person
from approvals.views.amending import amend_offer
from approvals.views.guard import signed_in
from approvals.views.intent import intent_for, intent_view
from approvals.views.retrying import retry_offer


@require_safe
@signed_in
def intent_page(request: HttpRequest, person: Person, intent_id: uuid.UUID) -> HttpResponse:
    """For every member of the workspace. `?full=1` shows the whole payload."""
    intent = intent_for(person, intent_id)
    return intent_view(request, person, intent, amend_offer(intent, person) | retry_offer(intent, person))
