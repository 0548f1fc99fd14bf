"""An intent's page: the plan and its reasons, the steps, the gates, the history, and how it ended."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from approvals.changes import changes_of
from approvals.models import Gate, Membership, Person
from approvals.views.history import history_of
from approvals.views.reasons import reasons_of
from approvals.views.receiptline import receipt_line
from approvals.views.subject import requester_of, sender_of, table_of
from approvals.views.withdrawing import may_withdraw
from approvals.views.words import outcome_words
from intents import clock
from intents.errors import DomainError, NotFound
from intents.lifecycle import Status, is_final
from intents.masking import shown_digest, shown_payload
from intents.models import Intent, Step
from intents.receiptreads import newest_receipt

TONES = {Status.COMPLETED: "yes", Status.FAILED: "no", Status.CANCELED: "no", Status.TIMED_OUT: "no"}
WAITS = {
    "WAITING_FOR_HUMAN": "Waiting for people",
    "WAITING_FOR_AGENT": "Waiting for its agent",
    "WAITING_FOR_TIME": "Waiting for its time",
    "WAITING_FOR_TOOL": "Waiting for a tool",
}


def intent_view(
    request: HttpRequest, person: Person, intent: Intent, offers: dict[str, Any], fault: DomainError | None = None
) -> HttpResponse:
    """For every member of the workspace. `?full=1` shows the whole payload. `offers`: what this person can do here."""
    now = clock.now()
    result = json.loads(intent.texts.result) if intent.texts.result else None
    context = {
        "now": now,
        "receipt": receipt_line(newest_receipt(intent.pk), intent.status, now),
        "intent": intent,
        "status": WAITS.get(intent.waiting_reason) or outcome_words(intent.status.lower()),
        "tone": TONES.get(Status(intent.status), ""),
        "is_final": is_final(intent.status),
        "sender": sender_of(intent),
        "requester": requester_of(intent),
        "payload": table_of(shown_payload(intent.texts), full=request.GET.get("full") == "1"),
        "result": result,
        "returned": table_of(result["result"], full=True) if result and result.get("result") else None,
        "plan": intent.texts.plan,
        "payload_digest": shown_digest(intent.texts),
        "reasons": reasons_of(intent.texts.plan),
        "steps": [_step(step) for step in intent.steps.select_related("result_row")],
        "gates": Gate.objects.filter(intent=intent).order_by("opened_at"),
        "history": history_of(intent),
        "changes": changes_of(intent),
        "may_withdraw": may_withdraw(intent, person),
        "fault": fault,
    }
    return render(request, "intent.html", context | offers, status=fault.status if fault else 200)


def intent_for(person: Person, handle: uuid.UUID) -> Intent:
    """The intent with this id, or that has an agent step with this handle. NotFound unless a workspace of theirs."""
    step = Step.objects.filter(pk=handle, kind="agent").first()
    mine = Membership.objects.filter(person=person, is_active=True).values("workspace")
    rows = Intent.objects.select_related("texts", "sender__service_account", "workspace")
    intent = rows.filter(pk=step.intent_id if step else handle, workspace__in=mine).first()
    if intent is None:
        raise NotFound("There is no such intent.")
    return intent


def _step(step: Step) -> dict[str, Any]:
    kinds = {"human": "People decide", "agent": "An agent works", "delay": "Wait", "notification": "Send a message"}
    return {"row": step, "what": kinds.get(step.kind, step.kind)}
