"""Canceling many of one's own intents: chosen once, then one transaction for each."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db.models import QuerySet

from intents import clock
from intents.errors import Conflict, Forbidden
from intents.lifecycle import FINAL, Status
from intents.models import Intent
from intents.principal import Principal
from intents.selectors import sent_by
from intents.services.resume import resolve

MOST = 50


def choose(principal: Principal, older_than: timedelta, statuses: list[str], limit: int) -> list[uuid.UUID]:
    """The caller's own open intents that are older than this, the oldest first."""
    rows = _own(principal).filter(created_at__lte=clock.now() - older_than).exclude(status__in=FINAL)
    if statuses:
        rows = rows.filter(status__in=statuses)
    return list(rows.order_by("created_at", "pk").values_list("pk", flat=True)[:limit])


def cancel_each(principal: Principal, chosen: list[uuid.UUID], reason: str) -> list[uuid.UUID]:
    """Cancel them, one transaction each, so that no two are locked at once. Those that are canceled by now.

    What ended in the meantime stays as it ended, so a repetition with the same ids gives the same answer.
    """
    for intent in _own(principal).filter(pk__in=chosen).exclude(status__in=FINAL).order_by("created_at", "pk"):
        try:
            resolve(intent, None, principal, {"status": Status.CANCELED, "reason": reason})
        except Conflict:
            continue
    done = set(_own(principal).filter(pk__in=chosen, status=Status.CANCELED).values_list("pk", flat=True))
    return [pk for pk in chosen if pk in done]


def _own(principal: Principal) -> QuerySet[Intent]:
    """What this key sent, or, without a key, what was asked on this person's behalf."""
    rows = Intent.objects.filter(workspace_id=principal.workspace_id)
    if principal.key is not None:
        principal.require("send")
        return rows.filter(sent_by(principal.key))
    if principal.person is None:
        raise Forbidden("This needs an API key or a personal token.", code="invalid_scope")
    return rows.filter(requester=principal.person.id)
