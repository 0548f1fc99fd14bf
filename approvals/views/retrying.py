"""Trying a failed request again: `POST /v1/intents/{id}/retry`, and a button on its page."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.models import Person
from approvals.services.carry_over import carrier
from approvals.views.guard import acts, signed_in
from approvals.views.intent import intent_for, intent_view
from approvals.views.withdrawing import principal_of
from intents.access import SEND_OR_ADMIN
from intents.errors import DomainError
from intents.lifecycle import Status
from intents.models import Intent
from intents.ports import weigh
from intents.principal import Principal
from intents.services.durable import durable
from intents.services.fitting import fit_of
from intents.services.retry import resubmission, retry
from intents.views.base import ApiView, body_of
from intents.views.endpoint import Endpoint
from intents.views.intents import created
from intents.wire.shapes import ID, NEW_INTENT
from intents.wire.unknown import NoFields, unknown_warnings

SEE_OTHER = 303


class RetryView(ApiView):
    """Try a failed intent again."""

    api = {"POST": Endpoint(SEND_OR_ADMIN, {**NEW_INTENT, "retry_of": ID}, NoFields)}

    def post(self, request: Request, handle: str) -> Response:
        """A new intent from where it failed: with the work that was done, and each yes if nothing has changed."""
        intent, _ = self.find(handle)
        body = body_of(request)
        warnings = unknown_warnings(body, NoFields(data=body))
        make = ready(intent, self.principal)

        def effect() -> dict[str, Any]:
            made = created(make())
            return made | {"retry_of": str(intent.pk), "warnings": [*made["warnings"], *warnings]}

        return self.once(request, f"POST /v1/intents/{intent.pk}/retry", effect)


@acts
@signed_in
def retry_on_page(request: HttpRequest, person: Person, intent_id: uuid.UUID) -> HttpResponse:
    """Make the new one and show it; or say on the old one's page why not."""
    intent = intent_for(person, intent_id)
    make = ready(intent, principal_of(person, intent.workspace_id))
    try:
        with durable():
            made = make()
    except DomainError as error:
        return intent_view(request, person, intent, {}, error)
    messages.success(request, "Tried again: this is the new request.")
    response = HttpResponseRedirect(resolve_url("intent", intent_id=made.pk))
    response.status_code = SEE_OTHER
    return response


def ready(intent: Intent, by: Principal) -> Callable[[], Intent]:
    """What takes its time, before any lock. What comes back makes the new intent, inside `durable()`, or refuses."""
    try:
        sender, submission = resubmission(intent, by)
        fit = fit_of(sender, submission.intent_type, submission.payload)
        weigh(submission, sender)
    except DomainError as error:
        return _refusing(error)
    return lambda: retry(sender, submission, fit, carrier(intent))


def retry_offer(intent: Intent, person: Person) -> dict[str, Any]:
    """Whether this person may try it again, and what came of it if somebody did."""
    if intent.status != Status.FAILED:
        return {}
    later = Intent.objects.filter(retry_of=intent.pk).first()
    by = principal_of(person, intent.workspace_id).person
    may = later is None and by is not None and by.is_admin and intent.texts.purged_at is None
    return {"may_retry": may, "retried_as": later}


def _refusing(error: DomainError) -> Callable[[], Intent]:
    def refuse() -> Intent:
        raise error

    return refuse
