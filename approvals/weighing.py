"""What the policies say about a request, found out before any lock is taken: conditions may take their time there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from approvals.activerules import active_list
from approvals.conditions.facts import Facts
from approvals.directory import member
from approvals.matching import asks_for_schema, names_of
from approvals.models import Person
from approvals.rules import Rule, Ruling
from intents import clock
from intents.ids import parse_id
from intents.jsonschemas.closed import open_place
from intents.models import ApiKey, Compatibility, Intent, SemanticSchema, Workspace
from intents.principal import Principal
from intents.selectors import full_address
from intents.services.fitting import active_schema
from intents.submission import Submission

RULING = "ruling"


def weigh(submission: Submission, principal: Principal) -> None:
    """Leave the ruling with the submission. Policies count as they are at this moment."""
    key = principal.require("send")
    submission.weighed[RULING] = _ruling(submission, key)


def ruling_of(submission: Submission, principal: Principal) -> Ruling:
    """What was found out before; found out now if nobody did."""
    found: Ruling | None = submission.weighed.get(RULING)
    return found or _ruling(submission, principal.require("send"))


def facts_of_intent(intent: Intent, prior: dict[str, Any] | None = None) -> Facts:
    """An intent that was sent already. Its payload is what it was sent with."""
    request = intent.texts.request
    workers = intent.steps.filter(kind="agent").values_list("agent_address", flat=True)
    return Facts(
        type=intent.intent_type,
        sender=intent.sender.service_account.name,
        requester=_email(intent.requester),
        agent=intent.to_agent,
        payload=json.loads(intent.texts.payload),
        scenario=str(request.get("scenario_id") or ""),
        created_at=intent.created_at,
        prior=prior,
        workers=tuple(workers),
    )


def ruling_on(intent: Intent, payload: dict[str, Any]) -> Ruling:
    """What the policies of now say of an intent that was sent, if its payload were this one."""
    listed = active_list(intent.workspace)
    rules = listed.about(intent.intent_type)
    facts = facts_of_intent(intent).knowing(payload=payload)
    return listed.rule_on(rules, with_schema(facts, rules.values(), intent.workspace))


def with_schema(facts: Facts, rules: Iterable[Rule], workspace: Workspace) -> Facts:
    """The facts with whether the type has a closed schema, asked only where a policy depends on it."""
    if not any(asks_for_schema(rule, facts) for rule in rules):
        return facts
    return facts.knowing(has_closed_schema=why_open(workspace, facts.type) == "")


def why_open(workspace: Workspace, intent_type: str) -> str:
    """Why payloads of this type may have any shape; "" if a registered schema leaves nothing open."""
    row = active_schema(workspace.pk, intent_type)
    if row is None:
        return f"{intent_type} has no registered schema"
    if row.compatibility_mode == Compatibility.WARN:
        return f"the schema {row} only warns"
    place = open_place(row.schema)
    return "" if place is None else f"the schema {row} leaves {place} open (additionalProperties: false closes it)"


def registered_types(workspace: Workspace, rule: Rule) -> list[str]:
    """The types with an active schema that the policy is for."""
    rows = SemanticSchema.objects.filter(workspace=workspace, is_active=True).order_by("semantic_type")
    return [name for name in rows.values_list("semantic_type", flat=True) if rule.is_for(name)]


def _ruling(submission: Submission, key: ApiKey) -> Ruling:
    listed = active_list(key.workspace)
    rules = listed.about(submission.intent_type)
    asks_requester = any("requester" in names_of(rule) for rule in rules.values())
    facts = Facts(
        type=submission.intent_type,
        sender=key.service_account.name,
        requester=_requester(submission, key) if asks_requester else "",
        agent=full_address(key.workspace, submission.to_agent),
        payload=submission.payload,
        scenario=submission.scenario_id,
        created_at=clock.now(),
        workers=tuple(step.agent_address for step in submission.steps or [] if step.kind == "agent"),
    )
    return listed.rule_on(rules, with_schema(facts, rules.values(), key.workspace))


def _requester(submission: Submission, key: ApiKey) -> str:
    """The e-mail address of the person on whose behalf it is sent, as the plan will have it."""
    if submission.requested_by:
        person = member(key.workspace, submission.requested_by)
        return person.email if person else ""
    owners = (*key.owners, *key.service_account.owners)
    return _email(str(owners[0])) if owners else ""


def _email(ref: str) -> str:
    person_id = parse_id(ref)
    found = Person.objects.filter(pk=person_id).values_list("email", flat=True).first() if person_id else None
    return found or ""
