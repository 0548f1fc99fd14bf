"""What the stories' programs send."""

from __future__ import annotations

from typing import Any

from approvals.models import Gate

AGENT = "agent://acme/production/infra-validator"


def change(**more: Any) -> dict[str, Any]:
    """A change that people are asked about."""
    return {"intent_type": "intent.infra.change.v1", "to_agent": "human", "payload": {"target": "prod"}} | more


def chore(**more: Any) -> dict[str, Any]:
    """Work for the agent that nobody is asked about."""
    return {"intent_type": "intent.chore.v1", "to_agent": AGENT, "payload": {"n": 1}} | more


def gate_id(intent_id: str) -> str:
    return str(Gate.objects.get(intent_id=intent_id).pk)
