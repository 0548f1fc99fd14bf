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
from intents.models import Agent, ApiKey, ServiceAccount
from intents.principal import Principal
from intents.selectors import full_address
from intents.services.configuration import recorded
from intents.services.keys import LONGEST_LIFE, SCOPES, create_key

SCOPE = "provision"
NOT_YOURS = "Other people answer for this as well. One of them, or an admin, has to do it."


@dataclass(frozen=True)
class WantedKey:
    """What a key is asked to be. Empty `types` and `targets` stand for all that its maker may send."""

    scopes: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    expires_at: datetime | None = None


def people_of(principal: Principal) -> list[str]:
    """Who answers for what this principal makes: the person with it, the key's owners, its account's owners."""
    key = principal.require(SCOPE)
    person = [principal.person.id] if principal.person else []
    return _distinct(person, key.owners, key.service_account.owners)


def create_account(principal: Principal, name: str, address: str = "") -> ServiceAccount:
    """A service account of the maker's people. An agent at `address` is registered if missing, never altered."""
    here, text = principal.workspace_id, _address(principal, address) if address else ""
    made = (
        lambda: Agent.objects.filter(workspace_id=here, address=text),
        lambda: ServiceAccount.objects.filter(workspace_id=here, name=name),
    )
    people = people_of(principal)
    try:
        with recorded(principal.actor, *made):
            agent = _agent(principal, text) if text else None
            return ServiceAccount.objects.create(workspace_id=here, name=name, owners=people, agent=agent)
    except IntegrityError as error:
        raise Conflict(f"There is a service account {name!r} already.", code="service_account_exists") from error


def issue_key(principal: Principal, account: ServiceAccount, wanted: WantedKey) -> tuple[ApiKey, str]:
    """A key and its secret. Forbidden if it could do what its maker cannot, or if other people own the account."""
    maker, people = principal.require(SCOPE), people_of(principal)
    _check_people(principal, account)
    _check_scopes(maker, wanted.scopes)
    sends = "send" in wanted.scopes
    return create_key(
        account,
        scopes=wanted.scopes,
        agent=_working_agent(account) if "work" in wanted.scopes else None,
        types=_within(maker.types, wanted.types, "type_not_allowed") if sends else [],
        targets=_within(maker.targets, wanted.targets, "target_not_allowed") if sends else [],
        owners=_distinct(people, account.owners),
        expires_at=_expiry(wanted.expires_at),
        actor=principal.actor,
    )


def revoke_key(principal: Principal, key: ApiKey) -> ApiKey:
    """From the commit on it opens nothing; what it sent goes on. Revoking again changes nothing."""
    _check_people(principal, key.service_account)
    row = ApiKey.objects.filter(pk=key.pk)
    with recorded(principal.actor, row.all, verb="revoked"):
        row.filter(revoked_at=None).update(revoked_at=clock.now())
    key.refresh_from_db()
    return key


def _address(principal: Principal, address: str) -> str:
    """The address in full, if an agent of this workspace can have it."""
    text = full_address(principal.require(SCOPE).workspace, address)
    if is_human(text):
        raise Invalid(f"{text} is the address of people; an agent cannot have it.", code="invalid_agent_address")
    return text


def _agent(principal: Principal, text: str) -> Agent:
    """The agent at this address. One that is here already is taken only if nobody else answers for its keys."""
    workspace = principal.require(SCOPE).workspace
    agent, created = Agent.objects.get_or_create(workspace=workspace, address=text, defaults={"name": split(text)[-1]})
    if not created:
        for account in ServiceAccount.objects.filter(workspace=workspace).filter(pk__in=_accounts_of(agent)):
            _check_people(principal, account)
    return agent


def _accounts_of(agent: Agent) -> set[uuid.UUID]:
    bound = ServiceAccount.objects.filter(agent=agent).values_list("pk", flat=True)
    return {*bound, *ApiKey.objects.filter(agent=agent).values_list("service_account_id", flat=True)}


def _check_people(principal: Principal, account: ServiceAccount) -> None:
    """Everybody who answers for the account and its keys must stand behind the caller too."""
    owners = {str(owner) for key in account.keys.filter(revoked_at=None) for owner in key.owners}
    if not owners.union(account.owners) <= set(people_of(principal)):
        raise Forbidden(NOT_YOURS, code="not_your_account")


def _check_scopes(maker: ApiKey, scopes: list[str]) -> None:
    """`work` is no right of the maker's: the account's agent bounds it. Unknown ones are refused by `create_key`."""
    more = sorted(set(scopes) & set(SCOPES) - set(maker.scopes) - {"work"})
    if more:
        raise Forbidden(f"Your key lacks the scope {', '.join(more)}, so it cannot give it.", code="invalid_scope")


def _working_agent(account: ServiceAccount) -> Agent:
    agent = account.agent
    if agent is None:
        raise Invalid("This service account has no agent: make one with agent_address.", code="agent_required")
    if not agent.is_active:
        raise Conflict(f"{agent.address} is switched off; an admin can switch it on.", code="agent_suspended")
    return agent


def _within(own: list[str], wanted: list[str], code: str) -> list[str]:
    """`wanted` if the maker's patterns cover each of it (a longer beginning is narrower), or the maker's own."""
    for pattern in wanted if own else []:
        if not matches(own, pattern):
            raise Forbidden(f"Your key may not send {pattern}, so it cannot give that right.", code=code)
    return wanted or list(own)


def _expiry(wanted: datetime | None) -> datetime:
    now = clock.now()
    if wanted is not None and wanted <= now:
        raise Invalid("expires_at is in the past.", code="deadline_passed")
    return min(wanted or now + LONGEST_LIFE, now + LONGEST_LIFE)


def _distinct(*lists: list[str]) -> list[str]:
    return list(dict.fromkeys(str(name) for names in lists for name in names))


def account_of(principal: Principal, account_id: uuid.UUID | None) -> ServiceAccount:
    """The service account of this id in the principal's workspace, or NotFound."""
    rows = ServiceAccount.objects.select_related("workspace", "agent")
    account = rows.filter(workspace_id=principal.workspace_id, pk=account_id).first() if account_id else None
    if account is None:
        raise NotFound("There is no such service account.")
    return account


def key_in(account: ServiceAccount, key_id: uuid.UUID | None) -> ApiKey:
    """The account's key of this id, or NotFound."""
    key = account.keys.select_related("service_account").filter(pk=key_id).first() if key_id else None
    if key is None:
        raise NotFound("There is no such key.")
    return key
