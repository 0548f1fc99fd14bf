"""Who lives in the cluster: four workspaces, each with people, an agent, keys, and a policy for each kind of life."""

from __future__ import annotations

from dataclasses import dataclass

from intents.models import Workspace
from tests.factories import gate_rule, make_agent, make_key, make_person, make_policy, make_team, make_token

AGENT = "infra-validator"
SILENCE_SECONDS = 6
GATES = {
    "decided": [gate_rule("team:sre")],
    "raced": [gate_rule("team:sre")],
    "worked": [gate_rule("team:sre")],
    "silent": [gate_rule("team:sre", deadline=SILENCE_SECONDS)],
}
"""What each kind of life waits for; `passed` is let through to the agent."""
KINDS = (*GATES, "passed")


@dataclass(frozen=True)
class Place:
    """One workspace's credentials."""

    workspace: Workspace
    sender: str
    agent_key: str
    people: tuple[str, ...]
    """Personal tokens."""


def make_places(number: int = 4) -> list[Place]:
    """In the database that Django is set up for."""
    return [_place(index) for index in range(number)]


def _place(index: int) -> Place:
    workspace = Workspace.objects.create(org="acme", name=f"chaos-{index}")
    people = [make_person(workspace, f"{name}{index}@acme.example") for name in ("ana", "bo")]
    make_team(workspace, "sre", *people)
    for position, (kind, gates) in enumerate(GATES.items()):
        make_policy(workspace, kind, types=(f"intent.{kind}.*",), gates=gates, position=position)
    make_policy(workspace, "passed", "approve", types=("intent.passed.*",), position=9)
    agent = make_agent(workspace, AGENT)
    return Place(
        workspace,
        sender=make_key(workspace)[1],
        agent_key=make_key(workspace, "bee", ("work",), agent=agent)[1],
        people=tuple(make_token(person, workspace) for person in people),
    )
