"""What an agent says of itself while it works."""

from __future__ import annotations

from django.db import models

from intents.models.workspace import Agent


class AgentMetrics(models.Model):
    """Sums of what the agent's heartbeats reported. Its own claims: nothing is decided by them."""

    agent = models.OneToOneField(Agent, on_delete=models.CASCADE, primary_key=True, related_name="metrics_row")
    beat_at = models.DateTimeField(help_text="The last heartbeat, exact to the minute.")
    since = models.DateTimeField()
    intents_total = models.BigIntegerField(default=0)
    intents_succeeded = models.BigIntegerField(default=0)
    intents_failed = models.BigIntegerField(default=0)
    latency_ms_sum = models.FloatField(default=0)
    cost_usd = models.FloatField(default=0)
