"""Making, changing and ending subscriptions, by whoever may manage the workspace. All of it runs inside `durable()`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from intents import clock
from intents.errors import Conflict, Invalid, NotFound
from intents.models import Agent, Workspace
from intents.principal import Principal
from intents.selectors import agent_for
from intents.services.changes import record_change
from intents.services.durable import durable
from notifications.models import WebhookSubscription
from notifications.outbound import Allowed, Refused, read_url
from notifications.webhooks.sealing import Unreadable, reseal, seal
from notifications.webhooks.signing import BadSecret, key_of, new_secret
from notifications.webhooks.trouble import give_up_queued

MOST = 50
HINT = 4
WHOLE = "*"
"""The name of an owner that stands for all agents of the workspace."""


@dataclass(frozen=True)
class Wanted:
    """What a subscription is asked to be. None leaves what is there, or takes the default."""

    callback_url: str
    event_types: list[str]
    secret: str | None = None
    active: bool | None = None
    description: str | None = None


def owner_of(principal: Principal, address: str) -> Agent | None:
    """The agent that this address names; None for the workspace. Without an address, the key's own agent."""
    if not address:
        return principal.agent
    if address in (WHOLE, whole(Workspace.objects.get(pk=principal.workspace_id))):
        return None
    return agent_for(principal, address)


def whole(workspace: Workspace) -> str:
    """How the wire names the owner of what belongs to nobody in particular."""
    return workspace.agent_address(WHOLE)


def subscribe(principal: Principal, owner: Agent | None, wanted: Wanted) -> tuple[WebhookSubscription, str]:
    """The subscription of this owner and URL, made or changed, and the secret if it was made up here (else "")."""
    Workspace.objects.select_for_update(no_key=True).get(pk=principal.workspace_id)  # one at a time
    rows = live(principal).select_for_update(no_key=True, of=("self",))
    row = rows.filter(owner=owner, callback_url=_url(wanted.callback_url)).first()
    made_up = new_secret() if row is None and wanted.secret is None else ""
    change = "webhook.changed" if row else "webhook.subscribed"
    row = row or _new(principal, owner, wanted)
    _apply(row, wanted, wanted.secret or made_up)
    record_change(
        principal.workspace_id, change, principal.actor, _said(row, with_secret=bool(wanted.secret or made_up))
    )
    return row, made_up


def unsubscribe(principal: Principal, row: WebhookSubscription) -> WebhookSubscription:
    """From the commit on nothing more is sent there, and the secret is forgotten. Doing it again changes nothing."""
    row = WebhookSubscription.objects.select_for_update(no_key=True).get(pk=row.pk)
    if row.revoked_at is not None:
        return row
    row.revoked_at = row.updated_at = clock.now()
    row.active, row.sealed_secret = False, ""
    row.save()
    give_up_queued(row, "The subscription was removed.", row.revoked_at)
    record_change(principal.workspace_id, "webhook.removed", principal.actor, _said(row, with_secret=False))
    return row


def live(principal: Principal) -> QuerySet[WebhookSubscription]:
    """The workspace's subscriptions that were not removed."""
    rows = WebhookSubscription.objects.filter(workspace_id=principal.workspace_id, revoked_at=None)
    return rows.select_related("owner", "workspace")


def subscription_of(principal: Principal, subscription_id: uuid.UUID | None, owner: str) -> WebhookSubscription:
    """The subscription of this id, removed or not, and of this owner if one is named. NotFound otherwise."""
    rows = WebhookSubscription.objects.filter(workspace_id=principal.workspace_id)
    rows = rows.filter(owner=owner_of(principal, owner)) if owner else rows
    row = rows.filter(pk=subscription_id).select_related("owner", "workspace").first() if subscription_id else None
    if row is None:
        raise NotFound("There is no such subscription.")
    return row


def _new(principal: Principal, owner: Agent | None, wanted: Wanted) -> WebhookSubscription:
    if live(principal).count() >= MOST:
        raise Conflict(f"A workspace has at most {MOST} subscriptions: remove one.", code="too_many_subscriptions")
    now = clock.now()
    return WebhookSubscription(
        workspace_id=principal.workspace_id, owner=owner, callback_url=_url(wanted.callback_url), created_at=now
    )


def _apply(row: WebhookSubscription, wanted: Wanted, secret: str) -> None:
    """Touching a subscription also lets it begin anew: whatever failed before is forgotten."""
    row.updated_at = clock.now()
    row.event_types = list(dict.fromkeys(wanted.event_types))
    row.active = row.active if wanted.active is None else wanted.active
    row.description = row.description if wanted.description is None else wanted.description
    row.failures, row.blocked_until, row.failing_since, row.why = 0, None, None, ""
    if secret:
        row.sealed_secret, row.secret_hint = seal(_checked(secret)), f"…{secret[-HINT:]}"
    row.save()
    if not row.active:
        give_up_queued(row, "The subscription was switched off.", row.updated_at)


def _url(text: str) -> str:
    """As it is meant. Names are looked up only when something is sent; what is refused then is in the delivery log."""
    try:
        return read_url(text, Allowed(settings.OUTBOUND_ALLOWED_PRIVATE)).url
    except Refused as error:
        raise Invalid(f"callback_url: {error}", code="invalid_callback_url") from error


def _checked(secret: str) -> str:
    try:
        key_of(secret)
    except BadSecret as error:
        raise Invalid(f"secret: {error}", code="invalid_secret") from error
    return secret


def _said(row: WebhookSubscription, *, with_secret: bool) -> dict[str, Any]:
    """What the workspace's chain keeps: never the secret, only that there is a new one."""
    return {
        "subscription_id": str(row.pk),
        "owner_agent": row.owner.address if row.owner else None,
        "callback_url": row.callback_url,
        "event_types": row.event_types,
        "active": row.active,
        "new_secret": with_secret,
    }


def reseal_all() -> tuple[int, list[uuid.UUID]]:
    """Encrypt every secret with today's key, one transaction each: how many, and those that nobody can read."""
    unreadable = []
    ids = list(WebhookSubscription.objects.exclude(sealed_secret="").values_list("pk", flat=True))
    for subscription_id in ids:
        with durable():
            row = WebhookSubscription.objects.select_for_update(no_key=True).get(pk=subscription_id)
            try:
                row.sealed_secret = reseal(row.sealed_secret) if row.sealed_secret else ""
            except Unreadable:
                unreadable.append(subscription_id)
                continue
            row.save(update_fields=["sealed_secret"])
    return len(ids) - len(unreadable), unreadable
