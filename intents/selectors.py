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
from intents.prepared import Prepared
from intents.principal import Principal
from intents.receiptreads import with_token
from intents.wire.present import event_json

AGENT_KILLED = "{} was stopped. Until somebody else resumes it, its keys open nothing."
NO_AGENT = "No agent is registered at {}."
NO_INTENT = "There is no such intent."

SHOWN = ("texts", "sender", "sender__service_account", "workspace")

_SHOWN = Prepared(
    lambda intent, workspace: Intent.objects.select_related(*SHOWN).filter(pk=intent, workspace=workspace)
)
_IN_WORKSPACE = Prepared(lambda intent, workspace: Intent.objects.filter(pk=intent, workspace=workspace))
_AGENT_STEP = Prepared(lambda step: Step.objects.filter(pk=step, kind="agent"))
_EVENTS = Prepared(
    lambda intent, since: Event.objects.filter(intent=intent, seq__gt=since).select_related("text").order_by("seq")
)


def intent_by_handle(principal: Principal, handle: str) -> tuple[Intent, Step | None]:
    """The intent that this id or agent-step handle names, and that agent step. NotFound if not visible.

    A key sees the intents that it sent and, for an agent, those with work for it; a person those of the workspace.
    """
    wanted, step = _meant(handle)
    intent = _SHOWN.first(intent=wanted, workspace=principal.workspace_id)
    if intent is None or not _sees(principal, intent):
        raise NotFound(NO_INTENT)
    return intent, step


def id_by_handle(principal: Principal, handle: str) -> tuple[uuid.UUID, Step | None]:
    """As `intent_by_handle`, for whoever needs no more of the intent than its id."""
    wanted, step = _meant(handle)
    intent = _IN_WORKSPACE.first(intent=wanted, workspace=principal.workspace_id)
    if intent is None or not _sees(principal, intent):
        raise NotFound(NO_INTENT)
    return wanted, step


def _sees(principal: Principal, intent: Intent) -> bool:
    """As `_visible` says, of an intent of the principal's workspace. Who sent it need not ask the database again."""
    if principal.person is not None or (principal.key is not None and principal.key.pk == intent.sender_id):
        return True
    return _visible(principal).filter(pk=intent.pk).exists()


def _meant(handle: str) -> tuple[uuid.UUID, Step | None]:
    wanted = parse_id(handle)
    if wanted is None:
        raise NotFound(NO_INTENT)
    step = _AGENT_STEP.first(step=wanted)
    return (step.intent_id if step else wanted), step


def visible_intents(principal: Principal) -> QuerySet[Intent]:
    """All intents that this principal may know of, with what is shown of them."""
    return _visible(principal).select_related(*SHOWN)


def _visible(principal: Principal) -> QuerySet[Intent]:
    rows = Intent.objects.filter(workspace_id=principal.workspace_id)
    if principal.person is not None:
        return rows
    seen = sent_by(principal.key) if principal.key is not None else Q(pk=None)
    if principal.agent is not None:
        work = Step.objects.filter(agent_address=principal.agent.address, intent__workspace_id=principal.workspace_id)
        seen |= Q(pk__in=work.values("intent_id"))
    return rows.filter(seen)


def sent_by(key: ApiKey) -> Q:
    """Which intents are this key's: those that it sent, and those of the keys that it replaced."""
    if key.first_id is None:
        return Q(sender=key)
    line = ApiKey.objects.filter(Q(pk=key.first_id) | Q(first=key.first_id))
    return Q(sender__in=line.values("pk"))


def at_gates(sender: ApiKey) -> QuerySet[Intent]:
    """What this key sent and people have to answer now: as many as it has open gates (one_open_gate)."""
    return Intent.objects.filter(sent_by(sender), waiting_reason=WaitingReason.HUMAN)


def events_after(intent_id: uuid.UUID, since: int, reader: Principal | None = None) -> list[dict[str, Any]]:
    """The wire's events with `seq` greater than `since`, ascending; the last has the reader's receipt."""
    return [with_token(event_json(row), reader) for row in _EVENTS(intent=intent_id, since=since)]


def full_address(workspace: Workspace, address: str) -> str:
    """The address in full, inside this workspace. Invalid if malformed, Forbidden if of another workspace."""
    try:
        text = full(address, workspace.org, workspace.name)
    except BadAddress as error:
        raise Invalid(str(error), code="invalid_agent_address") from error
    if not text.startswith(f"agent://{workspace.org}/{workspace.name}/"):
        raise Forbidden("This address belongs to another workspace.", code="foreign_workspace")
    return text


def stopped(address: str) -> bool:
    """True if the agent at this full address is killed, now."""
    return Agent.objects.filter(address=address, killed_at__isnull=False).exists()


def check_not_killed(principal: Principal) -> None:
    """Forbidden for a machine whose agent is killed. A person beside its key is asked as a person."""
    agent = principal.key.stopped_agent if principal.key is not None and principal.person is None else None
    if agent is not None:
        raise Forbidden(AGENT_KILLED.format(agent.address), code="agent_killed")


def agent_for(principal: Principal, address: str) -> Agent:
    """The agent at this address that is switched on. NotFound if nobody registered it here."""
    agent = agent_named(principal, address)
    if not agent.is_active:
        raise NotFound(NO_AGENT.format(address), code="agent_not_found")
    return agent


def agent_known_as(principal: Principal, name: str) -> Agent:
    """`agent_named`, but malformed and foreign names are answered as unknown ones are."""
    try:
        return agent_named(principal, name)
    except (Invalid, Forbidden) as error:
        raise NotFound(NO_AGENT.format(name[:255]), code="agent_not_found") from error


def agent_named(principal: Principal, name: str) -> Agent:
    """The registered agent of this address or id, switched on or not. NotFound if nobody registered it here."""
    workspace = Workspace.objects.get(pk=principal.workspace_id)
    agent_id = parse_id(name)
    match = {"pk": agent_id} if agent_id else {"address": full_address(workspace, name)}
    agent = Agent.objects.select_related("metrics_row").filter(workspace=workspace, **match).first()
    if agent is None:
        raise NotFound(NO_AGENT.format(name), code="agent_not_found")
    return agent
