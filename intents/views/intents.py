"""`/v1/intents`: create, list, get, events, resume, resolve."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from intents.access import KEY_OR_PERSON, SEND, SEND_WORK_OR_PERSON
from intents.clock import iso
from intents.errors import Invalid
from intents.lifecycle import FINAL, Status
from intents.models import Event, Intent
from intents.ports import weigh
from intents.principal import Principal
from intents.receiptreads import UNUSED, USED, by_use, with_receipt, with_token
from intents.selectors import events_after, visible_intents
from intents.services.attempts import attempts_kept
from intents.services.fitting import fit_of
from intents.services.generation import check_generation
from intents.services.inbox import completion_delivery
from intents.services.resume import resolve, resume
from intents.services.submit import submit
from intents.views.base import ApiView, body_of, query_int
from intents.views.endpoint import Endpoint
from intents.wire.answers import ResolveBody, ResumeBody, read_resolution, read_resume
from intents.wire.create import CreateIntent, submission_of
from intents.wire.present import event_json, intent_json
from intents.wire.shapes import (
    APPLIED,
    EVENT,
    FLAG,
    ID,
    INTENT,
    LISTED,
    MAP,
    NEW_INTENT,
    STATUS,
    TEXT,
    TEXTS,
    WHOLE,
    YES,
    many,
    maybe,
    obj,
    one_of,
)

FILTERS = {"pending": [status for status in Status.values if status not in FINAL]}


def in_full_for(principal: Principal) -> bool:
    """Programs see what they sent or work on; people see what is not secret."""
    return principal.person is None


OWNER = {"owner_agent": TEXT}
CHANGED = {"policy_generation": WHOLE, "warnings": TEXTS, "applied": FLAG}
WHERE = {"reply_to": TEXT, "owner_agent": TEXT, "thread_id": ID, "message_id": ID, "completion": MAP}
DELIVERY = obj("reason", *WHERE, delivered=FLAG, reason=TEXT, **WHERE)


class IntentsView(ApiView):
    """Create and list."""

    api = {
        "POST": Endpoint(SEND, NEW_INTENT, CreateIntent, refuses=(404,)),
        "GET": Endpoint(
            KEY_OR_PERSON,
            {"intents": many(LISTED)},
            query={"limit": WHOLE, "status": TEXT, "receipt": one_of(UNUSED, USED)},
        ),
    }

    def post(self, request: Request) -> Response:
        """Create: the plan and its warnings are in the answer. 200, also for a replay."""
        submission = submission_of(body_of(request))
        fit = fit_of(self.principal, submission.intent_type, submission.payload)
        weigh(submission, self.principal)
        return self.once(request, "POST /v1/intents", lambda: created(submit(self.principal, submission, fit)))

    def get(self, request: Request) -> Response:
        """The newest intents that the caller may see: `status` one, several, or `pending`; `receipt` unused or used."""
        limit = query_int(request, "limit", 50, 1, 200)
        rows = visible_intents(self.principal).order_by("-created_at")
        wanted = request.query_params.get("status", "")
        if wanted:
            rows = rows.filter(status__in=_statuses(wanted))
        if use := request.query_params.get("receipt", ""):
            rows = by_use(rows, _use(use))
        return Response({"ok": True, "intents": [_listed(intent) for intent in rows[:limit]]})


class IntentView(ApiView):
    """One intent."""

    api = {
        "GET": Endpoint(
            KEY_OR_PERSON, {"intent": INTENT, "intent_id": ID, "status": STATUS, "payload": MAP}, query=OWNER
        )
    }

    def get(self, request: Request, handle: str) -> Response:
        """The intent, with its id, status and payload also at the top level."""
        intent, step = self.find(handle)
        shown = intent_json(
            intent, step if step and step.pk != intent.pk else None, in_full=self.principal.person is None
        )
        body = with_receipt(shown, intent, self.principal)
        top = {key: body[key] for key in ("intent_id", "status", "payload")}
        return Response({"ok": True, "intent": body, **top})


class EventsView(ApiView):
    """An intent's history."""

    api = {"GET": Endpoint(KEY_OR_PERSON, {"events": many(EVENT)}, query={**OWNER, "since": WHOLE}, limited=False)}

    def get(self, request: Request, handle: str) -> Response:
        """Events with `seq` greater than `since`."""
        intent, _ = self.find(handle)
        since = query_int(request, "since", 0, 0, 2**31)
        return Response({"ok": True, "events": events_after(intent.pk, since, self.principal)})


class ResumeView(ApiView):
    """An answer: a person's task result, an agent's result, or a sender's note to go on."""

    api = {
        "POST": Endpoint(
            SEND_WORK_OR_PERSON,
            body=ResumeBody,
            query=OWNER,
            shape=obj(*APPLIED, ok=YES, intent=INTENT, **CHANGED, **APPLIED),
        )
    }

    def post(self, request: Request, handle: str) -> Response:
        """`applied` says whether it changed anything."""
        intent, step = self.find(handle)
        body = body_of(request)
        warnings = read_resume(self.principal, body)
        check_generation(intent, body)

        def effect() -> dict[str, Any]:
            answer = resume(intent, step, self.principal, body)
            fresh = visible_intents(self.principal).get(pk=intent.pk)
            return {
                "ok": True,
                "policy_generation": fresh.policy_generation,
                "intent": with_receipt(intent_json(fresh, in_full=in_full_for(self.principal)), fresh, self.principal),
                "warnings": warnings,
                **answer,
            }

        with attempts_kept(self.principal, intent.pk, "resume"):
            return self.once(request, f"POST /v1/intents/{step.pk if step else intent.pk}/resume", effect)


class ResolveView(ApiView):
    """Ending an intent from outside."""

    api = {
        "POST": Endpoint(
            SEND_WORK_OR_PERSON,
            body=ResolveBody,
            query=OWNER,
            shape=obj(
                "reason",
                ok=YES,
                intent=INTENT,
                event=maybe(EVENT),
                completion_delivery=DELIVERY,
                warnings=TEXTS,
                applied=FLAG,
                reason=TEXT,
            ),
        )
    }

    def post(self, request: Request, handle: str) -> Response:
        """COMPLETED, FAILED or CANCELED."""
        intent, step = self.find(handle)
        body = body_of(request)
        check_generation(intent, body)
        warnings = read_resolution(body)

        def effect() -> dict[str, Any]:
            answer = resolve(intent, step, self.principal, body)
            fresh = visible_intents(self.principal).get(pk=intent.pk)
            last = Event.objects.select_related("text").filter(intent=fresh).order_by("seq").last()
            event = with_token(event_json(last), self.principal) if last else None
            told = with_receipt(intent_json(fresh, in_full=in_full_for(self.principal)), fresh, self.principal)
            shown = {"intent": told, "event": event, "completion_delivery": completion_delivery(fresh)}
            return {"ok": True, **shown, "warnings": warnings, **answer}

        with attempts_kept(self.principal, intent.pk, "resolve"):
            return self.once(request, f"POST /v1/intents/{step.pk if step else intent.pk}/resolve", effect)


def created(intent: Intent) -> dict[str, Any]:
    """The answer to a new intent."""
    return {
        "ok": True,
        "intent_id": str(intent.pk),
        "status": intent.status,
        "created_at": iso(intent.created_at),
        "deadline_at": iso(intent.deadline_at),
        "plan": intent.texts.plan["steps"],
        "warnings": intent.texts.warnings,
        "pending_with": intent.pending_with,
    }


def _listed(intent: Intent) -> dict[str, Any]:
    return {
        "intent_id": str(intent.pk),
        "status": intent.status,
        "intent_type": intent.intent_type,
        "to_agent": intent.to_agent,
        "created_at": iso(intent.created_at),
        "updated_at": iso(intent.updated_at),
    }


def _statuses(wanted: str) -> list[str]:
    names = FILTERS.get(wanted.lower()) or [name.strip().upper() for name in wanted.split(",")]
    unknown = sorted(set(names) - set(Status.values))
    if unknown:
        raise Invalid(f"status {', '.join(unknown)} is unknown; take {', '.join(Status.values)} or pending.")
    return list(names)


def _use(wanted: str) -> str:
    if wanted not in (UNUSED, USED):
        raise Invalid(f"receipt must be {UNUSED} or {USED}.", code="invalid_parameter")
    return wanted
