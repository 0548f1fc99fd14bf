"""`POST /v1/gates/{id}/…`: what people do on an open gate besides deciding. Each calls the service of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.human import STRENGTH, VIA, person_of
from approvals.models import Gate, Person
from approvals.rules import LONGEST_GATE
from approvals.services.ask import answer, ask
from approvals.services.break_glass import break_glass
from approvals.services.claim import claim, release
from approvals.services.decide import Manner
from approvals.services.delegate import delegate, undelegate
from approvals.services.escalate import escalate
from approvals.services.extend import extend
from approvals.services.verdict import Verdict
from approvals.views.api import find_gate
from approvals.views.attempts import DecidersView
from intents.access import PERSON, PERSON_WHO_DECIDES, SEND_OR_PERSON
from intents.errors import NotFound
from intents.ids import parse_id
from intents.principal import PersonRef, Principal
from intents.selectors import visible_intents
from intents.views.base import ApiView, body_of
from intents.views.endpoint import Endpoint
from intents.wire.create import StrictInteger, StrictText
from intents.wire.shapes import FLAG, ID, TEXT, TEXTS, TIME, YES, Shape, obj
from intents.wire.unknown import NoFields, unknown_warnings

Fields = dict[str, Any]


def said(**more: Shape) -> Shape:
    """What every act answers; `reason` where nothing was to be done."""
    return obj("reason", ok=YES, applied=FLAG, gate_id=ID, message=TEXT, reason=TEXT, warnings=TEXTS, **more)


class AskBody(serializers.Serializer[Fields]):
    """The question."""

    text = StrictText()


class AnswerBody(serializers.Serializer[Fields]):
    """The answer to one question."""

    question_id = StrictText()
    text = StrictText()


class ExtendBody(serializers.Serializer[Fields]):
    """By how much, and why."""

    seconds = StrictInteger(min_value=1, max_value=LONGEST_GATE)
    reason = StrictText()


class BreakGlassBody(serializers.Serializer[Fields]):
    """Why, and what was shown."""

    reason = StrictText()
    digest = StrictText(required=False, allow_blank=True, allow_null=True)


class DelegateBody(serializers.Serializer[Fields]):
    """To whom."""

    to = StrictText()


class _Acting(ApiView):
    """One act, once for each idempotency key."""

    def act(self, request: Request, gate: Gate, name: str, service: Callable[[Fields], Verdict]) -> Response:
        """Read the body, call the service, and say what became of it."""
        body = body_of(request)
        form = cast("type[serializers.Serializer[Fields]]", self.api["POST"].body)(data=body)
        form.is_valid(raise_exception=True)

        def effect() -> dict[str, Any]:
            verdict = service(form.validated_data)
            warnings = unknown_warnings(body, form)
            return {"ok": True, **verdict.on_the_wire(), **verdict.details, "warnings": warnings}

        return self.once(request, f"POST /v1/gates/{gate.pk}/{name}", effect)


class AskView(_Acting):
    """Ask whoever asked."""

    api = {"POST": Endpoint(PERSON, body=AskBody, shape=said(question_id=ID))}

    def post(self, request: Request, gate_id: str) -> Response:
        """For every member: the requester is told at once; the deadline runs on."""
        gate = find_gate(gate_id, self.principal.workspace_id)
        person = Person.objects.get(pk=cast("PersonRef", self.principal.person).id)
        return self.act(request, gate, "ask", lambda body: ask(gate.pk, person, body["text"], via=VIA))


class AnswerView(_Acting):
    """Answer a question."""

    api = {"POST": Endpoint(SEND_OR_PERSON, body=AnswerBody, shape=said())}

    def post(self, request: Request, gate_id: str) -> Response:
        """For the requester and the key that sent it: whoever asked is told, everybody sees it."""
        gate = seen_gate(gate_id, self.principal)
        return self.act(
            request,
            gate,
            "answer",
            lambda body: answer(gate.pk, parse_id(body["question_id"]), body["text"], self.principal, via=VIA),
        )


class _Deciding(DecidersView, _Acting):
    """An act of a person who decides."""

    def by_person(self, request: Request, gate_id: str, run: Callable[[Gate, Person, Fields], Verdict]) -> Response:
        """The same, with the gate of this id and the token's person."""
        gate, person = find_gate(gate_id, self.principal.workspace_id), person_of(self.principal)
        return self.act(request, gate, self.tried, lambda body: run(gate, person, body))


class ClaimView(_Deciding):
    """Say that one is looking at it."""

    tried = "claim"
    api = {"POST": Endpoint(PERSON_WHO_DECIDES, body=NoFields, shape=said())}

    def post(self, request: Request, gate_id: str) -> Response:
        """Shown to all for 15 minutes; blocks nobody, and once puts the next escalation off by as much."""
        return self.by_person(request, gate_id, lambda gate, person, _: claim(gate.pk, person, via=VIA))


class ReleaseView(_Deciding):
    """Take a claim away."""

    tried = "release"
    api = {"POST": Endpoint(PERSON_WHO_DECIDES, body=NoFields, shape=said())}

    def post(self, request: Request, gate_id: str) -> Response:
        """One's own, before it runs out."""
        return self.by_person(request, gate_id, lambda gate, person, _: release(gate.pk, person, via=VIA))


class DelegateView(_Deciding):
    """Have somebody else asked instead."""

    tried = "delegate"
    api = {"POST": Endpoint(PERSON_WHO_DECIDES, body=DelegateBody, shape=said())}

    def post(self, request: Request, gate_id: str) -> Response:
        """Somebody who may decide anyway; one hop, until taken back."""
        return self.by_person(
            request, gate_id, lambda gate, person, body: delegate(gate.pk, person, body["to"], via=VIA)
        )


class UndelegateView(_Deciding):
    """Be asked oneself again."""

    tried = "undelegate"
    api = {"POST": Endpoint(PERSON_WHO_DECIDES, body=NoFields, shape=said())}

    def post(self, request: Request, gate_id: str) -> Response:
        """Take back what one has delegated by one's own act."""
        return self.by_person(request, gate_id, lambda gate, person, _: undelegate(gate.pk, person, via=VIA))


class EscalateView(_Deciding):
    """Take the chain's next step now."""

    tried = "escalate"
    api = {"POST": Endpoint(PERSON_WHO_DECIDES, body=NoFields, shape=said())}

    def post(self, request: Request, gate_id: str) -> Response:
        """Once for each step; it gives nobody a right."""
        return self.by_person(request, gate_id, lambda gate, person, _: escalate(gate.pk, person, via=VIA))


class ExtendView(_Deciding):
    """Move the deadline."""

    tried = "extend"
    api = {"POST": Endpoint(PERSON_WHO_DECIDES, body=ExtendBody, shape=said(deadline=TIME))}

    def post(self, request: Request, gate_id: str) -> Response:
        """As the policy allows, later only, and never past its limit."""
        return self.by_person(
            request,
            gate_id,
            lambda gate, person, body: extend(gate.pk, person, body["seconds"], body["reason"], via=VIA),
        )


class BreakGlassView(_Deciding):
    """Let it pass alone."""

    tried = "break-glass"
    api = {"POST": Endpoint(PERSON_WHO_DECIDES, body=BreakGlassBody, shape=said())}

    def post(self, request: Request, gate_id: str) -> Response:
        """For people with the right to break glass: closes yes, and everybody concerned is told."""
        manner = Manner(VIA, STRENGTH, None)
        return self.by_person(
            request,
            gate_id,
            lambda gate, person, body: break_glass(
                gate.pk, person, body["reason"], manner, digest=body.get("digest") or ""
            ),
        )


def seen_gate(gate_id: str, principal: Principal) -> Gate:
    """The gate, if this principal sees its intent; NotFound otherwise."""
    gate = find_gate(gate_id, principal.workspace_id)
    if not visible_intents(principal).filter(pk=gate.intent_id).exists():
        raise NotFound("There is no such gate.")
    return gate
