"""Keys of machines: 256 random bits with a typed prefix, stored as a digest, shown once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from intents import clock
from intents.errors import Busy, Invalid, Unauthenticated
from intents.models import Agent, ApiKey, ServiceAccount, Workspace
from intents.prepared import Prepared
from intents.services.configuration import SERVER, recorded
from intents.services.durable import durable

KEY_PREFIX = "csk_"
LONGEST_LIFE = timedelta(days=365)
SCOPES = ("send", "work", "provision")
USE_NOTED_EVERY = timedelta(hours=1)

_BY_DIGEST = Prepared(
    lambda digest: ApiKey.objects.select_related("workspace", "service_account__agent", "agent").filter(digest=digest)
)


def digest_of_secret(secret: str) -> str:
    """SHA-256 in hex. Enough for 256 random bits: there is nothing to guess, so nothing to slow down."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret(prefix: str) -> str:
    """A fresh secret of 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def create_key(
    account: ServiceAccount,
    *,
    scopes: list[str],
    agent: Agent | None = None,
    types: list[str] | None = None,
    targets: list[str] | None = None,
    owners: list[str] | None = None,
    expires_at: datetime | None = None,
    made_by: ApiKey | None = None,
    replaces: ApiKey | None = None,
    actor: str = SERVER,
) -> tuple[ApiKey, str]:
    """A key and its secret, which is never to be had again. `owners` are the people who answer for it.

    The workspace's chain says that `actor` made it.
    """
    unknown = set(scopes) - set(SCOPES)
    if unknown or not scopes:
        raise Invalid(f"Scopes are {', '.join(SCOPES)}; got {', '.join(sorted(unknown)) or 'none'}.")
    if "work" in scopes and agent is None:
        raise Invalid("A key with the scope 'work' is bound to exactly one agent: name it.")
    secret = new_secret(KEY_PREFIX)
    key = ApiKey(
        workspace=account.workspace,
        service_account=account,
        agent=agent if "work" in scopes else None,
        digest=digest_of_secret(secret),
        hint=secret[:8],
        scopes=scopes,
        types=types or [],
        targets=targets or [],
        owners=owners if owners is not None else account.owners,
        expires_at=expires_at or clock.now() + LONGEST_LIFE,
        made_by=made_by,
        replaces=replaces,
        first_id=replaces.line if replaces else None,
    )
    with recorded(actor, lambda: ApiKey.objects.filter(pk=key.pk)):
        key.save(force_insert=True)
    return key, secret


def end_keys(keys: Iterable[ApiKey], actor: str, at: datetime | None = None, verb: str = "revoked") -> list[ApiKey]:
    """Revoke these keys, or let them run out at a moment to come. Those that this changed. Call inside `durable()`."""
    rows = ApiKey.objects.filter(pk__in=[key.pk for key in keys]).select_related("service_account", "agent")
    now = clock.now()
    live = rows.select_for_update(no_key=True, of=("self",)).filter(revoked_at=None).order_by("pk")
    with recorded(actor, rows.all, verb=verb):
        ended = list(live)
        for key in ended:
            if at is not None and at > now:
                key.expires_at = min(key.expires_at, at)
            else:
                key.revoked_at = now
            key.save(update_fields=["expires_at", "revoked_at"])
    return ended


def key_of(secret: str) -> ApiKey:
    """The live key that this secret opens. Unauthenticated if unknown, expired, revoked or of a switched-off agent."""
    key = _BY_DIGEST.first(digest=digest_of_secret(secret))
    if key is None or not _is_live(key):
        raise Unauthenticated("This API key is unknown, expired or revoked.")
    return key


def _is_live(key: ApiKey) -> bool:
    agent_works = key.agent is None or key.agent.is_active
    return key.revoked_at is None and key.expires_at > clock.now() and agent_works


def account_for(workspace: Workspace, name: str, agent: Agent | None = None, actor: str = SERVER) -> ServiceAccount:
    """The service account of this name, made if missing; the workspace's chain says by whom."""
    with recorded(actor, lambda: ServiceAccount.objects.filter(workspace=workspace, name=name)):
        account, _ = ServiceAccount.objects.get_or_create(workspace=workspace, name=name, defaults={"agent": agent})
    return account


def agent_for_name(workspace: Workspace, name: str, actor: str = SERVER, **fields: str) -> Agent:
    """The agent of this name, registered with `fields` if missing; the workspace's chain says by whom."""
    address = workspace.agent_address(name)
    with recorded(actor, lambda: Agent.objects.filter(workspace=workspace, address=address)):
        known = {"workspace": workspace, "address": address}
        agent, _ = Agent.objects.get_or_create(**known, defaults={"name": name, **fields})
    return agent


def used(secret: str) -> ApiKey:
    """`key_of`, and note that it was used: at most one write an hour, and never a reason to refuse a request."""
    key, now = key_of(secret), clock.now()
    if key.last_used_at is not None and now - key.last_used_at < USE_NOTED_EVERY:
        return key
    with suppress(Busy), durable():
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key
