"""Changing a payload over the wire: `/v1/intents/{id}/amend` by whoever sent it, `/v1/gates/{id}/edit` by deciders."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.human import VIA, person_of
from approvals.services.amend import Amended, amend
from approvals.services.edit import edit
from approvals.views.api import find_gate
from approvals.views.attempts import DecidersView
from intents.access import PERSON_WHO_DECIDES, SEND_OR_PERSON
from intents.differences import Patch
from intents.masking import shown_digest
from intents.models import Intent
from intents.services.fitting import fit_in
from intents.views.base import ApiView, body_of
from intents.views.endpoint import Endpoint
from intents.wire.create import AnyObject, StrictText, check_payload
from intents.wire.shapes import FLAG, ID, MAP, PLANNED, STATUS, TEXT, TEXTS, many, maybe
from intents.wire.unknown import unknown_warnings

CHANGED = {
    "applied": FLAG,
    "intent_id": ID,
    "status": STATUS,
    "gate_id": maybe(ID),
    "digest": maybe(TEXT),
    "payload_digest": TEXT,
    "patch": many(MAP),
    "votes_void": TEXTS,
    "plan": many(PLANNED),
    "message": TEXT,
    "warnings": TEXTS,
}
"""What a change of the payload answers; `gate_id` is the gate that is open now."""


class AmendBody(serializers.Serializer[dict[str, Any]]):
    """The whole new payload, and why."""

    payload = AnyObject()
    reason = StrictText(max_length=2000)


class AmendView(ApiView):
    """Change what was asked for."""

    api = {"POST": Endpoint(SEND_OR_PERSON, CHANGED, AmendBody)}

    def post(self, request: Request, handle: str) -> Response:
        """Until work was handed out. Answers are void, everybody is told; gates may be added, and none go."""
        intent, _ = self.find(handle)
        body = body_of(request)
        form = AmendBody(data=body)
        form.is_valid(raise_exception=True)
        payload, reason = form.validated_data["payload"], form.validated_data["reason"]
        check_payload(payload)
        fit = fit_in(intent.workspace, intent.intent_type, payload)

        def effect() -> dict[str, Any]:
            done = amend(intent.pk, self.principal, payload, reason, fit)
            return amended_json(done) | {"warnings": [*unknown_warnings(body, form), *fit.warnings]}

        return self.once(request, f"POST /v1/intents/{intent.pk}/amend", effect)


class EditBody(serializers.Serializer[dict[str, Any]]):
    """New values by path, like `payload.count`; why; and the digest of what was shown."""

    changes = AnyObject()
    reason = StrictText(max_length=2000)
    digest = StrictText(max_length=80)


class EditView(DecidersView):
    """Change what the policy lets those change who decide."""

    tried = "edit"
    api = {"POST": Endpoint(PERSON_WHO_DECIDES, CHANGED, EditBody)}

    def post(self, request: Request, gate_id: str) -> Response:
        """Answers are void, and whoever edits becomes an author, but for fields that the policy lets them fill."""
        gate, person = find_gate(gate_id, self.principal.workspace_id), person_of(self.principal)
        body = body_of(request)
        form = EditBody(data=body)
        form.is_valid(raise_exception=True)
        asked = form.validated_data

        def effect() -> dict[str, Any]:
            verdict = edit(gate.pk, person, asked["changes"], asked["reason"], digest=asked["digest"], via=VIA)
            verdict.raise_if_refused()
            intent = Intent.objects.select_related("texts").get(pk=gate.intent_id)
            changed = changed_json(intent, verdict.details["patch"], tuple(verdict.details["votes_void"]))
            return changed | {"message": verdict.message, "warnings": unknown_warnings(body, form)}

        return self.once(request, f"POST /v1/gates/{gate.pk}/edit", effect)


def amended_json(done: Amended) -> dict[str, Any]:
    """The answer, but for its warnings."""
    return changed_json(done.intent, done.changed.patch, done.changed.void) | {"message": done.message}


def changed_json(intent: Intent, patch: Patch, void: tuple[str, ...]) -> dict[str, Any]:
    """What every change of a payload answers."""
    gate = intent.gates.filter(closed_at=None).first()
    return {
        "ok": True,
        "applied": True,
        "intent_id": str(intent.pk),
        "status": intent.status,
        "gate_id": str(gate.pk) if gate else None,
        "digest": gate.digest if gate else None,
        "payload_digest": shown_digest(intent.texts),
        "patch": patch,
        "votes_void": list(void),
        "plan": intent.texts.plan["steps"],
    }
