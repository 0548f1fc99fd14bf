"""Once per (principal, endpoint, key): the same request again gets the same answer, another body gets 409."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from intents import clock
from intents.digest import digest_of
from intents.errors import Conflict, DomainError, Invalid
from intents.models import IdempotencyRecord
from intents.principal import Principal
from intents.services.durable import durable
from intents.services.rows import insert
from intents.updates import update

KEPT_FOR = timedelta(hours=48)
NOT_PART_OF_THE_REQUEST = ("correlation_id", "from_agent")

PLAIN = (
    "ok",
    "intent_id",
    "gate_id",
    "status",
    "applied",
    "reason",
    "created_at",
    "deadline_at",
    "policy_generation",
    "idempotent",
)
"""Fields of answers that never hold anybody's words."""

Effect = Callable[[], dict[str, Any]]
Kept = Callable[[dict[str, Any]], dict[str, Any]]


def once(
    principal: Principal, endpoint: str, key: str, body: dict[str, Any], effect: Effect, *, kept: Kept = dict
) -> dict[str, Any]:
    """Run `effect` in one durable transaction together with the record of its answer.

    Without a key it just runs. If the effect raises, nothing is kept and the key is free again. Two requests at
    once: the second waits for the first one's commit and then gets its answer. Fields that stock clients make
    anew on each try are not part of the fingerprint. `kept` makes of the answer what a replay may show: no secrets.
    """
    if len(key) > 255:
        raise Invalid("Idempotency-Key is longer than 255 characters.", code="idempotency_key_too_long")
    fingerprint = digest_of({k: v for k, v in body.items() if k not in NOT_PART_OF_THE_REQUEST})
    with durable():
        row = _claim(principal, endpoint, key, fingerprint) if key else None
        if row is not None and row.response is not None:
            return dict(row.response)
        response, refusal = _run(effect)
        if row is not None and refusal is None:
            row.response = kept(response)
            update(row, "response")
        elif row is not None:
            row.delete()
    if refusal is not None:
        raise refusal
    return response


def leave_words(rows: QuerySet[IdempotencyRecord], words: str) -> None:
    """Take what anybody wrote out of these answers. They stay, so that no repeat does its work a second time."""
    for row in rows.filter(response__isnull=False):
        left = {name: value for name, value in (row.response or {}).items() if name in PLAIN}
        row.response = left | {"purged": words}
        row.save(update_fields=["response"])


def forget_old(now: datetime, most: int) -> int:
    """Delete up to `most` answers that are older than 48 h; how many there were."""
    old = IdempotencyRecord.objects.filter(created_at__lt=now - KEPT_FOR).order_by("created_at").values("pk")[:most]
    return IdempotencyRecord.objects.filter(pk__in=old).delete()[0]


def _run(effect: Effect) -> tuple[dict[str, Any], DomainError | None]:
    """The effect's answer, or a refusal that is itself part of the history and must not be rolled back."""
    try:
        return effect(), None
    except DomainError as error:
        if not error.history_stands:
            raise
        return {}, error


def _claim(principal: Principal, endpoint: str, key: str, fingerprint: str) -> IdempotencyRecord:
    """A new record, or the one that is there; Conflict if that one was for another body."""
    who = {"principal": principal.name, "endpoint": endpoint, "key": key}
    fresh = IdempotencyRecord(
        **who, workspace_id=principal.workspace_id, fingerprint=fingerprint, created_at=clock.now()
    )
    if insert(fresh, unless_taken=True):
        return fresh
    row = IdempotencyRecord.objects.get(**who)
    if row.created_at < clock.now() - KEPT_FOR:
        row.delete()
        return _claim(principal, endpoint, key, fingerprint)
    if row.fingerprint != fingerprint:
        raise Conflict("idempotency key reused with different payload", code="idempotency_conflict")
    return row
