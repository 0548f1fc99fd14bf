"""Keys that follow on others, and keys that end: rotation, and revoking a key together with all that came from it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db.models import Q

from intents import clock
from intents.errors import Conflict
from intents.models import ApiKey, ServiceAccount
from intents.principal import Principal
from intents.services.keys import create_key, end_keys
from intents.services.provision import MOST_KEYS, check_room, check_within, expiry
from intents.services.standing import check_people, distinct, living_maker, people_of, require_standing

LONGEST_GRACE = timedelta(hours=24)


def rotate_key(
    principal: Principal, key: ApiKey, grace: timedelta, expires_at: datetime | None = None
) -> tuple[ApiKey, ApiKey, str]:
    """The old key, the new one, and its secret. The rights are the old one's, and the old one ends after `grace`.

    Whoever rotates becomes an owner beside the old ones. The new key goes on with what the old one sent. Without
    `expires_at` it lives as long as the old one was to live. Conflict if the old one is over or was rotated before.
    """
    require_standing(principal)
    account = ServiceAccount.objects.select_for_update(no_key=True).get(pk=key.service_account_id)
    maker = living_maker(principal)
    old = ApiKey.objects.select_related("agent", "service_account").get(pk=key.pk)
    check_people(principal, account)
    _check_live(old)
    check_within(maker, old.scopes, old.types, old.targets)
    check_room(account, MOST_KEYS if grace else MOST_KEYS + 1)
    now = clock.now()
    end_keys([old], principal.actor, at=now + grace, verb="rotated")
    fresh, secret = create_key(
        account,
        scopes=old.scopes,
        agent=old.agent,
        types=old.types,
        targets=old.targets,
        owners=distinct(old.owners, account.owners, people_of(principal)),
        expires_at=expiry(expires_at or now + (old.expires_at - old.created_at)),
        made_by=maker,
        replaces=old,
        actor=principal.actor,
    )
    old.refresh_from_db()
    return old, fresh, secret


def revoke_key(principal: Principal, key: ApiKey, *, and_made: bool = False) -> list[ApiKey]:
    """It opens nothing from the commit on; what it sent goes on. With `and_made` so it is for all that came from it.

    The key first, then the others that this ended. Revoking again changes nothing.
    """
    require_standing(principal)
    check_people(principal, key.service_account)
    end_keys([key], principal.actor)
    ended = _end_made(key, principal.actor) if and_made else []
    key.refresh_from_db()
    return [key, *ended]


def came_from(key: ApiKey) -> list[ApiKey]:
    """All keys that this one made, that those made, and so on, and what replaced those. Not what replaced this one."""
    found: dict[uuid.UUID, ApiKey] = {}
    step = list(key.made.all())
    while step:
        found.update((row.pk, row) for row in step)
        ids = [row.pk for row in step]
        after = ApiKey.objects.filter(Q(made_by__in=ids) | Q(replaces__in=ids))
        step = [row for row in after if row.pk not in found and row.pk != key.pk]
    return sorted(found.values(), key=lambda row: row.pk)


def _end_made(key: ApiKey, actor: str) -> list[ApiKey]:
    """Again until there is nothing left: one of them may just have been making another, which ends the next time."""
    ended: list[ApiKey] = []
    while more := end_keys(came_from(key), actor):
        ended += more
    return ended


def _check_live(key: ApiKey) -> None:
    if key.revoked_at is not None or key.expires_at <= clock.now():
        raise Conflict("This key is over; make a new one.", code="key_not_live")
    successor = key.replaced_by.first()
    if successor is not None:
        details = {"key_id": str(successor.pk)}
        raise Conflict(
            "This key was rotated already: rotate the one that replaced it.", code="key_rotated", details=details
        )
