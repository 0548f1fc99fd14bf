"""Where streams read from and hand out. Blocking calls, each of them short; the defaults are the real ones."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from intents import selectors
from intents.errors import Forbidden
from intents.models import Agent
from intents.principal import Principal
from intents.services import handout


def find_intent(principal: Principal, handle: str) -> uuid.UUID:
    """The intent behind a handle. Its agent's call renews the lease that it holds."""
    selectors.check_not_killed(principal)
    intent_id, step = selectors.id_by_handle(principal, handle)
    if step is not None and principal.agent is not None:
        handout.renew_lease(step, principal.agent)
    return intent_id


def find_agent(principal: Principal, address: str) -> Agent:
    """The agent to listen for: the one that the caller's key is bound to, and no other."""
    key = principal.require("work")
    agent = selectors.agent_for(principal, address)
    if key.agent_id != agent.pk:
        raise Forbidden("This key works for another agent: listen with the key of this one.", code="invalid_scope")
    return agent


@dataclass(frozen=True)
class Sources:
    """`find_*` raise the DomainError that refuses the stream."""

    find_intent: Callable[[Principal, str], uuid.UUID] = find_intent
    find_agent: Callable[[Principal, str], Agent] = find_agent
    events_after: Callable[[uuid.UUID, int, Principal], list[dict[str, Any]]] = selectors.events_after
    hand_out: Callable[[Agent], dict[str, Any] | None] = handout.hand_out
    still_held: Callable[[uuid.UUID], bool] = handout.still_held
    has_ended: Callable[[uuid.UUID], bool] = handout.has_ended
    seen: Callable[[Agent], None] = handout.seen
