"""The part of the wire that people answer: `/v1/me/tasks` and `/v1/approvals/{id}/decision`."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, cast

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.away import running
from approvals.human import STRENGTH, VIA, person_of
from approvals.models import Gate, Person
from approvals.selectors import gates_for, may_decide
from approvals.services.answer import WORDS, read_decision
from approvals.services.decide import decide_on
from approvals.services.take_back import take_back
from approvals.undertakings import claim_json, delegation_json, live_claims, question_json, questions_of
from approvals.views.attempts import DecidersView
from intents import clock
from intents.access import PERSON, PERSON_WHO_DECIDES
from intents.clock import iso
from intents.errors import NotFound
from intents.ids import parse_id
from intents.prepared import Prepared
from intents.principal import PersonRef
from intents.views.base import ApiView, body_of, query_int
from intents.views.endpoint import Endpoint
from intents.wire.create import AnyObject, StrictText
from intents.wire.forms import form_of, read
from intents.wire.shapes import APPLIED, FLAG, ID, MAP, TEXT, TEXTS, TIME, WHOLE, YES, many, maybe, named, obj
from intents.wire.unknown import unknown_warnings

QUESTION = named(
    "Question",
    obj(
        question_id=ID,
        by=TEXT,
        name=TEXT,
        text=TEXT,
        at=TIME,
        answer=maybe(TEXT),
        answered_by=maybe(TEXT),
        answered_at=maybe(TIME),
    ),
)
DELEGATION = named("Delegation", obj(**{"from": TEXT, "to": TEXT}))
CLAIM = named("Claim", obj(by=TEXT, name=TEXT, until=TIME))
ASKED = obj(
    title=TEXT,
    description=TEXT,
    task_type=TEXT,
    allowed_outcomes=TEXTS,
    required_comment=FLAG,
    evidence_required=FLAG,
    form_schema=maybe(MAP),
)
TASK = named(
    "Task",
    obj(
        intent_id=ID,
        gate_id=ID,
        approval_id=ID,
        intent_type=TEXT,
        status=TEXT,
        from_agent=TEXT,
        assigned_at=TIME,
        due_at=TIME,
        digest=TEXT,
        human_task=ASKED,
        questions=many(QUESTION),
        claims=many(CLAIM),
        delegations=many(DELEGATION),
    ),
)
APPROVAL = obj(approval_id=ID, decision=TEXT, comment=maybe(TEXT), decided_at=maybe(TIME))
ANSWERED = obj(*APPLIED, "approval", "warnings", ok=YES, approval=APPROVAL, applied=FLAG, warnings=TEXTS, **APPLIED)

_GATE = Prepared(lambda gate, workspace: Gate.objects.select_related("ask").filter(pk=gate, workspace=workspace))


class DecisionBody(serializers.Serializer[dict[str, Any]]):
    """`decision` with a comment, or a `task_result` with any outcome of the gate."""

    decision = serializers.ChoiceField(choices=tuple(WORDS), required=False)
    comment = StrictText(required=False, allow_blank=True, allow_null=True)
    digest = StrictText(required=False, allow_blank=True, allow_null=True)
    task_result = AnyObject(required=False)


class TasksView(ApiView):
    """What waits for the person of the token."""

    api = {"GET": Endpoint(PERSON, {"tasks": many(TASK)}, query={"limit": WHOLE})}

    def get(self, request: Request) -> Response:
        """Open gates on which this person may decide and has not, soonest to expire first."""
        person = Person.objects.get(pk=cast("PersonRef", self.principal.person).id)
        rows = gates_for(person).filter(workspace_id=self.principal.workspace_id)
        now = clock.now()
        mine = [gate for gate in rows[: query_int(request, "limit", 100, 1, 200)] if _waits_for(gate, person)]
        return Response({"ok": True, "tasks": [task_json(gate, now) for gate in mine]})


class DecisionView(DecidersView):
    """A decision on one gate, by its id."""

    api = {
        "POST": Endpoint(PERSON_WHO_DECIDES, shape=ANSWERED, body=DecisionBody),
        "DELETE": Endpoint(PERSON_WHO_DECIDES, shape=ANSWERED),
    }

    def post(self, request: Request, gate_id: str) -> Response:
        """`decision` approve or reject, or `task_result` with any outcome of the gate."""
        person = person_of(self.principal)
        gate = find_gate(gate_id, self.principal.workspace_id)
        body = body_of(request)
        read(DecisionBody, body)
        answer = read_decision(gate, body)

        def effect() -> dict[str, Any]:
            verdict = decide_on(gate, answer, person, via=VIA, strength=STRENGTH)
            said = verdict.on_the_wire()
            approval = {
                "approval_id": str(gate.pk),
                "decision": body.get("decision") or answer.outcome,
                "comment": answer.comment or None,
                "decided_at": iso(verdict.decision.at) if verdict.decision else None,
            }
            return {"ok": True, "approval": approval, "warnings": unknown_warnings(body, form_of(DecisionBody)), **said}

        return self.once(request, f"POST /v1/approvals/{gate.pk}/decision", effect)

    def delete(self, request: Request, gate_id: str) -> Response:
        """Take one's answer back while the gate is open."""
        person = person_of(self.principal)
        gate = find_gate(gate_id, self.principal.workspace_id)

        def effect() -> dict[str, Any]:
            return {"ok": True, **take_back(gate.pk, person, via="api").on_the_wire()}

        return self.once(request, f"DELETE /v1/approvals/{gate.pk}/decision", effect)


def find_gate(gate_id: str, workspace_id: uuid.UUID) -> Gate:
    """The gate in the workspace of the token, whose person is a member there; NotFound otherwise."""
    wanted = parse_id(gate_id)
    if wanted is None:
        raise NotFound("There is no such gate.")
    gate = _GATE.first(gate=wanted, workspace=workspace_id)
    if gate is None:
        raise NotFound("There is no such gate.")
    return gate


def task_json(gate: Gate, now: datetime) -> dict[str, Any]:
    """A task as AXP's inbox lists it, with the gate's id to answer to."""
    ask = gate.ask
    return {
        "intent_id": str(gate.intent_id),
        "gate_id": str(gate.pk),
        "approval_id": str(gate.pk),
        "intent_type": gate.intent.intent_type,
        "status": "WAITING",
        "from_agent": f"key:{gate.intent.sender.service_account.name}",
        "assigned_at": iso(gate.opened_at),
        "due_at": iso(gate.expires_at),
        "digest": gate.digest,
        "human_task": {
            "title": gate.title,
            "description": ask.description,
            "task_type": gate.task_type,
            "allowed_outcomes": [name for name, _ in ask.outcomes],
            "required_comment": ask.comment_required,
            "evidence_required": ask.evidence_required,
            "form_schema": ask.form_schema,
        },
        "questions": [question_json(row) for row in questions_of(gate)],
        "claims": [claim_json(row) for row in live_claims(gate, now)],
        "delegations": [delegation_json(row) for row in running(gate).select_related("person", "to")],
    }


def _waits_for(gate: Gate, person: Person) -> bool:
    voted = gate.decisions.filter(person=person, taken_back_at=None).exists()
    return not voted and gate.held_at is None and may_decide(gate, person) is None
