"""Amending a request from its page: the requester changes the whole payload as JSON."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from approvals.models import Person
from approvals.services.amend import amend, may_amend
from approvals.services.hold import has_begun
from approvals.views.guard import acts, signed_in
from approvals.views.intent import intent_for, intent_view
from approvals.views.withdrawing import principal_of
from intents.errors import DomainError, Invalid
from intents.masking import restored, shown_payload
from intents.models import Intent
from intents.services.fitting import fit_in
from intents.strictjson import JsonRefused, parse
from intents.wire.create import PAYLOAD_LIMIT

SEE_OTHER = 303


@acts
@signed_in
def amend_on_page(request: HttpRequest, person: Person, intent_id: uuid.UUID) -> HttpResponse:
    """Take the new payload; or show the page again, what was typed kept, with the reason why not."""
    intent = intent_for(person, intent_id)
    typed, reason = request.POST.get("payload", ""), request.POST.get("reason", "").replace("\0", "")
    try:
        payload = restored(read_payload(typed), json.loads(intent.texts.payload), intent.texts.secret)
        fit = fit_in(intent.workspace, intent.intent_type, payload)
        done = amend(intent.pk, principal_of(person, intent.workspace_id), payload, reason, fit)
    except DomainError as error:
        offered = amend_offer(intent_for(person, intent_id), person)
        again = {"amend_payload": typed, "amend_reason": reason, "amend_fault": error.message} if offered else {}
        return intent_view(request, person, intent_for(person, intent_id), offered | again, error)
    messages.success(request, done.message)
    response = HttpResponseRedirect(resolve_url("intent", intent_id=intent.pk))
    response.status_code = SEE_OTHER
    return response


def amend_offer(intent: Intent, person: Person) -> dict[str, Any]:
    """What the form begins with; nothing for whoever may not amend it, or not any more."""
    if has_begun(intent) or not may_amend(intent, principal_of(person, intent.workspace_id)):
        return {}
    return {"amend_payload": json.dumps(shown_payload(intent.texts), indent=2, ensure_ascii=False)}


def read_payload(text: str) -> dict[str, Any]:
    """The JSON object that somebody typed. Invalid with the place of the first fault."""
    try:
        value = parse(text.encode(errors="surrogatepass"), max_bytes=PAYLOAD_LIMIT)
    except JsonRefused as error:
        raise Invalid(f"payload: {error}", code=error.code) from error
    if not isinstance(value, dict):
        raise Invalid("payload: write a JSON object, in braces.", code="schema_invalid")
    return value
