"""Service accounts and keys over the wire. What a key makes has never more rights than the key itself.

Owners only grow: a new key is answered for by everybody who answers for its maker or its account, so that four-eyes
cannot be walked around with a fresh key. All of it runs inside `durable()`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError

from intents import clock
from intents.addresses import is_human, matches, split
from intents.errors import Conflict, Forbidden, Invalid, NotFound
from intents.models import Agent, ApiKey, ServiceAccount, Workspace
from intents.ports import person_id
from intents.principal import Principal
from intents.selectors import full_address
from intents.services.configuration import recorded
from intents.services.keys import LONGEST_LIFE, SCOPES, create_key
from intents.services.standing import (
    check_people,
    distinct,
    is_admin,
    living_maker,
    maker_of,
    people_of,
    require_standing,
)

MOST_ACCOUNTS = 500
MOST_KEYS = 10


@dataclass(frozen=True)
class WantedKey:
    """What a key is asked to be. A `send` key lists its types and targets; `["*"]` is all that its maker may send."""

    scopes: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    expires_at: datetime | None = None


def create_account(
    principal: Principal, name: str, address: str = "", owners: list[str] | None = None
) -> ServiceAccount:
    """A service account of the maker's people. An agent at `address` is registered if missing, never altered.

    `owners` (e-mail addresses or ids of members) come on top; whoever names others than those people is an admin.
    """
    workspace = Workspace.objects.select_for_update(no_key=True).get(pk=require_standing(principal).pk)
    if ServiceAccount.objects.filter(workspace=workspace).count() >= MOST_ACCOUNTS:
        raise Conflict(f"A workspace has at most {MOST_ACCOUNTS} service accounts.", code="too_many_accounts")
    maker, text = maker_of(principal), _address(workspace, address) if address else ""
    made = (
        lambda: Agent.objects.filter(workspace=workspace, address=text),
        lambda: ServiceAccount.objects.filter(workspace=workspace, name=name),
    )
    facts = {
        "owners": _owners(principal, workspace, owners or []),
        "made_by": maker.service_account if maker else None,
    }
    try:
        with recorded(principal.actor, *made):
            agent = _agent(principal, workspace, text) if text else None
            return ServiceAccount.objects.create(workspace=workspace, name=name, agent=agent, **facts)
    except IntegrityError as error:
        raise Conflict(f"There is a service account {name!r} already.", code="service_account_exists") from error


def issue_key(principal: Principal, account: ServiceAccount, wanted: WantedKey) -> tuple[ApiKey, str]:
    """A key and its secret. Forbidden if it could do what its maker cannot, or if other people own the account."""
    require_standing(principal)
    ServiceAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
    maker = living_maker(principal)
    check_people(principal, account)
    check_room(account, MOST_KEYS)
    sends = "send" in wanted.scopes
    if sends:
        _check_listed(wanted)
    check_within(maker, wanted.scopes, wanted.types if sends else [], wanted.targets if sends else [])
    return create_key(
        account,
        scopes=wanted.scopes,
        agent=_working_agent(account) if "work" in wanted.scopes else None,
        types=wanted.types if sends else [],
        targets=wanted.targets if sends else [],
        owners=distinct(people_of(principal), account.owners),
        expires_at=expiry(wanted.expires_at),
        made_by=maker,
        actor=principal.actor,
    )


def check_room(account: ServiceAccount, most: int) -> None:
    """Conflict if the account has this many live keys. Under its lock the count is exact."""
    live = account.keys.filter(revoked_at=None, expires_at__gt=clock.now()).count()
    if live >= most:
        raise Conflict(f"A service account has at most {MOST_KEYS} live keys: revoke one first.", code="too_many_keys")


def check_within(maker: ApiKey | None, scopes: list[str], types: list[str], targets: list[str]) -> None:
    """Forbidden if these rights are more than the maker's. `work` is no right of the maker's: the agent bounds it.

    Empty patterns of a `send` key stand for everything. Unknown scopes are refused by `create_key`.
    """
    if maker is None:
        return
    more = sorted(set(scopes) & set(SCOPES) - set(maker.scopes) - {"work"})
    if more:
        raise Forbidden(f"Your key lacks the scope {', '.join(more)}, so it cannot give it.", code="invalid_scope")
    if "send" in scopes:
        _check_covers(maker.types, types, "type_not_allowed")
        _check_covers(maker.targets, targets, "target_not_allowed")


def expiry(wanted: datetime | None) -> datetime:
    """When a new key ends: as wanted, within a year. Invalid if that is over."""
    now = clock.now()
    if wanted is not None and wanted <= now:
        raise Invalid("expires_at is in the past.", code="deadline_passed")
    return min(wanted or now + LONGEST_LIFE, now + LONGEST_LIFE)


def account_of(principal: Principal, account_id: uuid.UUID | None) -> ServiceAccount:
    """The service account of this id in the principal's workspace, or NotFound."""
    rows = ServiceAccount.objects.select_related("workspace", "agent")
    account = rows.filter(workspace_id=principal.workspace_id, pk=account_id).first() if account_id else None
    if account is None:
        raise NotFound("There is no such service account.")
    return account


def key_in(account: ServiceAccount, key_id: uuid.UUID | None) -> ApiKey:
    """The account's key of this id, or NotFound."""
    key = account.keys.select_related("service_account", "agent").filter(pk=key_id).first() if key_id else None
    if key is None:
        raise NotFound("There is no such key.")
    return key


def _owners(principal: Principal, workspace: Workspace, named: list[str]) -> list[str]:
    """An owner cannot decide on what the account sends, so only an admin sets others aside."""
    own = people_of(principal)
    found = [_owner(workspace, name) for name in named]
    if not set(found) <= set(own) and not is_admin(principal):
        raise Forbidden("Only an admin, by their own token, names other people as owners.", code="admin_required")
    return distinct(own, found)


def _owner(workspace: Workspace, name: str) -> str:
    ref = person_id(workspace, name)
    if not ref:
        raise Invalid(f"owners: {name!r} is no member of {workspace}.", code="unknown_owner")
    return ref


def _address(workspace: Workspace, address: str) -> str:
    """The address in full, if an agent of this workspace can have it."""
    text = full_address(workspace, address)
    if is_human(text):
        raise Invalid(f"{text} is the address of people; an agent cannot have it.", code="invalid_agent_address")
    return text


def _agent(principal: Principal, workspace: Workspace, text: str) -> Agent:
    """The agent at this address. One that is here already is taken only if nobody else answers for its keys."""
    agent, _ = Agent.objects.get_or_create(workspace=workspace, address=text, defaults={"name": split(text)[-1]})
    for account in ServiceAccount.objects.filter(workspace=workspace).filter(pk__in=_accounts_of(agent)):
        check_people(principal, account)
    return agent


def _accounts_of(agent: Agent) -> set[uuid.UUID]:
    bound = ServiceAccount.objects.filter(agent=agent).values_list("pk", flat=True)
    return {*bound, *ApiKey.objects.filter(agent=agent).values_list("service_account_id", flat=True)}


def _working_agent(account: ServiceAccount) -> Agent:
    agent = account.agent
    if agent is None:
        raise Invalid("This service account has no agent: make one with agent_address.", code="agent_required")
    if not agent.is_active:
        raise Conflict(f"{agent.address} is switched off; an admin can switch it on.", code="agent_suspended")
    return agent


def _check_listed(wanted: WantedKey) -> None:
    for name, patterns in (("types", wanted.types), ("targets", wanted.targets)):
        if not patterns:
            sentence = f'A key that sends lists its {name}; ["*"] stands for all of them.'
            raise Invalid(sentence, code="patterns_required", details={"field": name})


def _check_covers(own: list[str], wanted: list[str], code: str) -> None:
    """A longer beginning is narrower."""
    for pattern in wanted or ["*"] if own else []:
        if not matches(own, pattern):
            raise Forbidden(f"Your key may not send {pattern}, so it cannot give that right.", code=code)
