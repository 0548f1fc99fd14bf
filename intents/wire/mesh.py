"""Reading heartbeats; showing agents, how they are, and what was done to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rest_framework import serializers

from intents.agenthealth import Signs, health_of
from intents.clock import iso
from intents.models import Agent, AgentMetrics, ServiceAccount, WorkspaceEntry
from intents.services.changes import details_of_entry
from intents.services.heartbeat import Beat
from intents.wire.create import StrictInteger
from intents.wire.unknown import unknown_warnings

MOST = 10**9


class StrictNumber(serializers.FloatField):
    """A JSON number from 0 to a thousand million; texts and truth values are not read as numbers."""

    def to_internal_value(self, data: Any) -> float:
        """The number itself."""
        if isinstance(data, bool) or not isinstance(data, int | float):
            raise serializers.ValidationError("This must be a number.")
        return float(super().to_internal_value(data))


def _count() -> StrictInteger:
    return StrictInteger(min_value=0, max_value=MOST, required=False)


def _amount() -> StrictNumber:
    return StrictNumber(min_value=0, max_value=MOST, required=False)


class Metrics(serializers.Serializer[dict[str, Any]]):
    """What the agent counted since its last beat."""

    intents_total = _count()
    intents_succeeded = _count()
    intents_failed = _count()
    avg_latency_ms = _amount()
    cost_usd = _amount()


class Heartbeat(serializers.Serializer[dict[str, Any]]):
    """Nothing, or metrics."""

    metrics = Metrics(required=False, allow_null=True)


def read_heartbeat(body: dict[str, Any]) -> tuple[Beat | None, list[str]]:
    """The metrics, if there are any, and warnings."""
    form = Heartbeat(data=body)
    form.is_valid(raise_exception=True)
    metrics = form.validated_data.get("metrics")
    return Beat(**metrics) if metrics else None, unknown_warnings(body, form)


def agent_json(agent: Agent, account: ServiceAccount | None, held: int, now: datetime) -> dict[str, Any]:
    """A registered agent. `status` is what was decided about it, `health` how it is."""
    row: AgentMetrics | None = getattr(agent, "metrics_row", None)
    signs = Signs(agent.killed_at is not None, agent.last_seen_at, held, agent.max_in_flight)
    return {
        "address_id": str(agent.pk),
        "address": agent.address,
        "service_account_id": str(account.pk) if account else None,
        "service_account_name": account.name if account else None,
        "display_name": agent.display_name or agent.name,
        "status": "active" if agent.is_active and agent.killed_at is None else "suspended",
        "health": health_of(signs, now),
        "in_flight": held,
        "max_in_flight": agent.max_in_flight,
        "last_seen_at": iso(agent.last_seen_at),
        "last_heartbeat_at": iso(row.beat_at) if row else None,
        "killed_at": iso(agent.killed_at),
        "killed_by": agent.killed_by or None,
        "created_at": iso(agent.created_at),
    }


def metrics_json(agent: Agent) -> dict[str, Any] | None:
    """The sums of all its heartbeats, as the agent claims them."""
    row: AgentMetrics | None = getattr(agent, "metrics_row", None)
    if row is None:
        return None
    return {
        "since": iso(row.since),
        "intents_total": row.intents_total,
        "intents_succeeded": row.intents_succeeded,
        "intents_failed": row.intents_failed,
        "avg_latency_ms": row.latency_ms_sum / row.intents_total if row.intents_total else None,
        "cost_usd": row.cost_usd,
    }


def mesh_event_json(entry: WorkspaceEntry) -> dict[str, Any]:
    """One entry of the workspace's chain about an agent."""
    return {
        "event_id": str(entry.seq),
        "event_type": entry.change,
        "at": iso(entry.at),
        "actor": entry.actor,
        "details": details_of_entry(entry),
    }
