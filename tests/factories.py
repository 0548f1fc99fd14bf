"""Plain functions that make rows for tests. Each takes what the test cares about and fills in the rest."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from approvals.conditions.facts import Facts
from approvals.models import ApprovalSettings, Gate, Membership, Person, Policy, Team, Unmatched
from approvals.services.policies import save_policy
from approvals.services.tokens import create_token
from intents.models import Agent, ApiKey, Intent, Workspace
from intents.principal import Principal
from intents.services.durable import durable
from intents.services.keys import account_for, create_key
from intents.services.submit import submit
from intents.submission import Submission

MORNING = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
PASSWORD = "correct horse battery staple"


def make_workspace(org: str = "acme", name: str = "production") -> Workspace:
    return Workspace.objects.create(org=org, name=name)


def make_person(workspace: Workspace, email: str, name: str = "", *, can_decide: bool = True, **fields: Any) -> Person:
    person = Person.objects.create_user(email, PASSWORD, name=name or email.split("@", maxsplit=1)[0].title(), **fields)
    Membership.objects.create(person=person, workspace=workspace, can_decide=can_decide)
    return person


def make_team(workspace: Workspace, name: str, *people: Person) -> Team:
    team = Team.objects.create(workspace=workspace, name=name)
    team.people.set(people)
    return team


def make_agent(workspace: Workspace, name: str) -> Agent:
    return Agent.objects.create(workspace=workspace, name=name, address=workspace.agent_address(name))


def make_key(
    workspace: Workspace, name: str = "sender", scopes: tuple[str, ...] = ("send", "provision"), **kwargs: Any
) -> tuple[ApiKey, str]:
    return create_key(account_for(workspace, name), scopes=list(scopes), **kwargs)


def make_token(person: Person, workspace: Workspace, *, can_decide: bool = True) -> str:
    return create_token(person, workspace, "test", timedelta(days=1), can_decide=can_decide)


def facts(intent_type: str = "intent.infra.change.v1", **fields: Any) -> Facts:
    """An intent as conditions see it; by default the world's sender to its agent, with an empty payload."""
    known = {"sender": "sender", "requester": "", "agent": "agent://acme/production/infra-validator", "payload": {}}
    return Facts(type=intent_type, **(known | {"scenario": "", "created_at": MORNING} | fields))


def gate_rule(*who: str, need: int = 1, place: str = "after", **rule: Any) -> dict[str, Any]:
    """One gate of a policy body; `lines` replaces the single requirement line."""
    lines = rule.pop("lines", [{"who": list(who), "need": need}])
    return {"place": place, "requirement": lines, "deadline": 3600, **rule}


def make_policy(
    workspace: Workspace,
    name: str = "infra-changes",
    action: str = "require",
    types: tuple[str, ...] = ("intent.infra.*",),
    gates: list[dict[str, Any]] | None = None,
    position: int = 10,
    **body: Any,
) -> Policy:
    match = {"types": list(types)} | {key: body.pop(key) for key in ("senders", "targets", "when") if key in body}
    full = {"match": match, "action": action, "gates": gates or [], **body}
    return save_policy(workspace, name, full, position=position, author=None)


def make_world(unmatched: str = Unmatched.GATE) -> SimpleNamespace:
    """acme/production: Ana, Bo and Cy in team sre (the default approvers), agent `infra-validator`, keys and tokens."""
    workspace = make_workspace()
    people = {
        name: make_person(workspace, f"{name}@acme.example", full)
        for name, full in (("ana", "Ana Ruiz"), ("bo", "Bo Lind"), ("cy", "Cy Okafor"))
    }
    make_team(workspace, "sre", *people.values())
    ApprovalSettings.objects.create(workspace=workspace, unmatched=unmatched, default_approvers=["team:sre"])
    agent = make_agent(workspace, "infra-validator")
    sender, sender_secret = make_key(workspace)
    work, work_secret = make_key(workspace, "worker", ("work",), agent=agent)
    return SimpleNamespace(
        workspace=workspace,
        agent=agent,
        sender=sender,
        sender_secret=sender_secret,
        work=work,
        work_secret=work_secret,
        principal=Principal(workspace.pk, key=sender),
        worker=Principal(workspace.pk, key=work),
        tokens={name: make_token(person, workspace) for name, person in people.items()},
        people=people,
        **people,
    )


def send(world: SimpleNamespace, **fields: Any) -> Intent:
    """An intent by the world's sender: `intent.infra.change.v1` to the agent, with a small payload."""
    principal = fields.pop("principal", world.principal)
    submission = Submission(
        intent_type=fields.pop("intent_type", "intent.infra.change.v1"),
        to_agent=fields.pop("to_agent", "infra-validator"),
        payload=fields.pop("payload", {"target": "prod-postgres-main"}),
        correlation_id=str(uuid.uuid4()),
        **fields,
    )
    with durable():
        return submit(principal, submission)


def open_gate(world: SimpleNamespace, **fields: Any) -> Gate:
    """An open gate: an intent to people alone, under whatever policies the world has."""
    intent = send(world, to_agent=fields.pop("to_agent", "human"), **fields)
    return Gate.objects.select_related("ask", "terms", "intent", "step").get(intent=intent, closed_at=None)
