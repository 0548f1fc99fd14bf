"""Reading intents. Every query starts from the principal's workspace: foreign and unknown answer alike."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Q, QuerySet

from intents.addresses import BadAddress, full
from intents.errors import Forbidden, Invalid, NotFound
from intents.ids import parse_id
from intents.lifecycle import WaitingReason
from intents.models import Agent, ApiKey, Event, Intent, Step, Workspace
from intents.principal import Principal
from intents.wire.present import event_json

NO_INTENT = "There is no such intent."


def intent_by_handle(principal: Principal, handle: str) -> tuple[Intent, Step | None]:
    """The intent that this id or agent-step handle names, and that agent step. NotFound if not visible.

    A key sees the intents that it sent and, for an agent, those with work for it; a person those of the workspace.
    """
    wanted = parse_id(handle)
    if wanted is None:
        raise NotFound(NO_INTENT)
    step = Step.objects.filter(pk=wanted, kind="agent").first()
    intent = visible_intents(principal).filter(pk=step.intent_id if step else wanted).first()
    if intent is None:
        raise NotFound(NO_INTENT)
    return intent, step


def visible_intents(principal: Principal) -> QuerySet[Intent]:
    """All intents that this principal may know of."""
    rows = Intent.objects.filter(workspace_id=principal.workspace_id).select_related(
        "texts", "sender", "sender__service_account", "workspace"
    )
    if principal.person is not None:
        return rows
    seen = Q(sender=principal.key)
    if principal.agent is not None:
        work = Step.objects.filter(agent_address=principal.agent.address, intent__workspace_id=principal.workspace_id)
        seen |= Q(pk__in=work.values("intent_id"))
    return rows.filter(seen)


def at_gates(sender: ApiKey) -> QuerySet[Intent]:
    """What this key sent and people have to answer now: as many as it has open gates (one_open_gate)."""
    return Intent.objects.filter(sender=sender, waiting_reason=WaitingReason.HUMAN)


def events_after(intent_id: uuid.UUID, since: int) -> list[dict[str, Any]]:
    """The wire's events with `seq` greater than `since`, ascending."""
    rows = Event.objects.filter(intent_id=intent_id, seq__gt=since).select_related("text").order_by("seq")
    return [event_json(row) for row in rows]


def full_address(workspace: Workspace, address: str) -> str:
    """The address in full, inside this workspace. Invalid if malformed, Forbidden if of another workspace."""
    try:
        text = full(address, workspace.org, workspace.name)
    except BadAddress as error:
        raise Invalid(str(error), code="invalid_agent_address") from error
    if not text.startswith(f"agent://{workspace.org}/{workspace.name}/"):
        raise Forbidden("This address belongs to another workspace.", code="foreign_workspace")
    return text


def agent_for(principal: Principal, address: str) -> Agent:
    """The registered agent at this address. NotFound if nobody registered it here."""
    workspace = Workspace.objects.get(pk=principal.workspace_id)
    agent = Agent.objects.filter(workspace=workspace, address=full_address(workspace, address), is_active=True).first()
    if agent is None:
        raise NotFound(f"No agent is registered at {address}.", code="agent_not_found")
    return agent
