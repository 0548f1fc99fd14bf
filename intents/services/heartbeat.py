"""Heartbeats: an agent says that it lives, and what it did since it last said so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from intents import clock
from intents.models import Agent, AgentMetrics

BEAT_NOTED_EVERY = timedelta(seconds=60)


@dataclass(frozen=True)
class Beat:
    """What the agent counted since its last beat; clients send it once and forget it."""

    intents_total: int = 0
    intents_succeeded: int = 0
    intents_failed: int = 0
    avg_latency_ms: float = 0.0
    cost_usd: float = 0.0


def beat(agent: Agent, metrics: Beat | None) -> None:
    """Note it, inside `durable()`: at most once a minute, but always with metrics, which would be lost otherwise."""
    now = clock.now()
    row = AgentMetrics.objects.filter(agent=agent).first()
    if metrics is None and row is not None and now - row.beat_at < BEAT_NOTED_EVERY:
        return
    AgentMetrics.objects.get_or_create(agent=agent, defaults={"beat_at": now, "since": now})
    row = AgentMetrics.objects.select_for_update(no_key=True).get(agent=agent)
    row.beat_at = now
    if metrics is not None:
        _add(row, metrics)
    row.save()
    Agent.objects.filter(pk=agent.pk).update(last_seen_at=now)


def _add(row: AgentMetrics, metrics: Beat) -> None:
    row.intents_total += metrics.intents_total
    row.intents_succeeded += metrics.intents_succeeded
    row.intents_failed += metrics.intents_failed
    row.latency_ms_sum += metrics.avg_latency_ms * metrics.intents_total
    row.cost_usd += metrics.cost_usd
