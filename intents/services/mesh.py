"""Stopping an agent and letting it go on. While it is killed, nothing is handed to it and nothing is taken from it.

Work to it is accepted and waits. The sweep takes back what it holds (`recall_killed`), one intent per transaction.
"""

from __future__ import annotations

import logging
import uuid

from intents import clock, nudges
from intents.errors import Busy, Forbidden, NotFound
from intents.kinds.agent import take_back
from intents.lifecycle import StepStatus
from intents.models import Agent, ApiKey, Step
from intents.principal import Principal
from intents.selectors import AGENT_KILLED, stopped
from intents.services.configuration import recorded
from intents.services.lock import locked_intent
from intents.services.standing import maker_of, require_standing

log = logging.getLogger(__name__)
BATCH = 200


def kill(principal: Principal, agent: Agent) -> bool:
    """Stop the agent; false if it was stopped already. Call inside `durable()`."""
    return _switch(principal, agent, killed=True)


def resume(principal: Principal, agent: Agent) -> bool:
    """Let it work again; false if it was not stopped. No key of its own, or that comes from one, may do this."""
    _check_not_its_own(maker_of(principal), agent)
    return _switch(principal, agent, killed=False)


def recall_killed() -> int:
    """Take back up to 200 steps that killed agents hold; how many that were. What fails is tried again next time."""
    killed = list(Agent.objects.filter(killed_at__isnull=False).values_list("address", flat=True))
    if not killed:
        return 0
    held = Step.objects.filter(status=StepStatus.CURRENT, agent_address__in=killed).values_list("intent_id", "pk")
    return sum(_recalled(intent_id, step_id) for intent_id, step_id in list(held[:BATCH]))


def _switch(principal: Principal, agent: Agent, *, killed: bool) -> bool:
    require_standing(principal)
    row = Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
    if (row.killed_at is not None) == killed:
        return False
    verb = "killed" if killed else "resumed"
    with recorded(principal.actor, lambda: Agent.objects.filter(pk=row.pk), verb=verb):
        row.killed_at = clock.now() if killed else None
        row.killed_by = principal.actor if killed else ""
        row.save(update_fields=["killed_at", "killed_by"])
    nudges.after_commit(nudges.of_agent(row.address))
    return True


def _recalled(intent_id: uuid.UUID, step_id: uuid.UUID) -> bool:
    try:
        return _recall(intent_id, step_id)
    except (NotFound, Busy):  # somebody else holds the row
        return False
    except Exception:  # one bad row must not stop the others
        log.exception("a killed agent's work was not taken back", extra={"intent": str(intent_id)})
        return False


def _recall(intent_id: uuid.UUID, step_id: uuid.UUID) -> bool:
    with locked_intent(intent_id, skip_locked=True) as locked:
        step = locked.current
        if step is None or step.pk != step_id or step.status != StepStatus.CURRENT:
            return False
        if not stopped(step.agent_address):  # resumed in the meantime
            return False
        take_back(locked, step)
    return True


def _check_not_its_own(key: ApiKey | None, agent: Agent) -> None:
    while key is not None:
        if agent.pk in (key.agent_id, key.service_account.agent_id):
            raise Forbidden(AGENT_KILLED.format(agent.address), code="agent_killed")
        key = key.made_by
