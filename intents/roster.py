"""The agents of a workspace with what belongs to each: its account, and how much it holds. Reads only."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import Count

from intents import clock
from intents.lifecycle import StepStatus
from intents.models import Agent, ApiKey, ServiceAccount, Step, WorkspaceEntry
from intents.wire.mesh import agent_json

ABOUT_AGENTS = "agent."


def agents_of(workspace_id: uuid.UUID, limit: int, health: str = "") -> list[dict[str, Any]]:
    """The first agents by address, only those that are `health` if it is given."""
    rows = Agent.objects.filter(workspace_id=workspace_id).select_related("metrics_row").order_by("address")
    shown = shown_agents(list(rows if health else rows[:limit]))
    return [agent for agent in shown if health in ("", agent["health"])][:limit]


def shown_agents(agents: list[Agent]) -> list[dict[str, Any]]:
    """These agents as the wire shows them: three queries however many they are."""
    held = _held(agent.address for agent in agents)
    accounts, now = _accounts(agents), clock.now()
    return [agent_json(agent, accounts.get(agent.pk), held.get(agent.address, 0), now) for agent in agents]


def changes_of_agents(workspace_id: uuid.UUID, limit: int, change: str = "") -> list[WorkspaceEntry]:
    """What was done to agents, the newest first."""
    rows = WorkspaceEntry.objects.filter(workspace_id=workspace_id, change__startswith=ABOUT_AGENTS)
    return list((rows.filter(change=change) if change else rows).order_by("-seq")[:limit])


def changes_of_agent(agent: Agent, limit: int) -> list[WorkspaceEntry]:
    """What was done to this one, the newest first."""
    rows = changes_of_agents(agent.workspace_id, 1000)
    named = f'"{agent.address}"'
    return [row for row in rows if named in row.body][:limit]


def _held(addresses: Iterable[str]) -> dict[str, int]:
    rows = Step.objects.filter(status=StepStatus.CURRENT, agent_address__in=list(addresses))
    return dict(rows.filter(lease_until__gt=clock.now()).values_list("agent_address").annotate(held=Count("pk")))


def _accounts(agents: list[Agent]) -> dict[uuid.UUID, ServiceAccount]:
    """The oldest account that was made for the agent, else the one of its oldest key."""
    ids = [agent.pk for agent in agents]
    found: dict[uuid.UUID, ServiceAccount] = {}
    for account in ServiceAccount.objects.filter(agent__in=ids).order_by("created_at", "pk"):
        if account.agent_id is not None:
            found.setdefault(account.agent_id, account)
    for key in ApiKey.objects.filter(agent__in=ids).select_related("service_account").order_by("created_at", "pk"):
        if key.agent_id is not None:
            found.setdefault(key.agent_id, key.service_account)
    return found
