"""Attempts at what the caller may not do, kept in the history: each once, so that a machine cannot fill it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import QuerySet

from intents.errors import DomainError
from intents.lifecycle import is_final
from intents.models import Event, Intent
from intents.principal import Principal
from intents.services.lock import locked_intent
from intents.services.record import details_of

REFUSED = "intent.attempt_refused"
TELLING = frozenset({"human_step", "gates_remain", "invalid_actor_scope"})
"""Refusals that say something about the caller: a person's part, past a gate, somebody else's work."""
MOST = 20  # on one intent, whoever comes


@contextmanager
def attempts_kept(principal: Principal, intent_id: uuid.UUID, tried: str) -> Iterator[None]:
    """Around an act, outside of any transaction: what is refused in it is kept, and goes on to the caller."""
    try:
        yield
    except DomainError as error:
        keep_attempt(principal, intent_id, tried, error)
        raise


def keep_attempt(principal: Principal, intent_id: uuid.UUID, tried: str, refusal: DomainError) -> None:
    """An event of the intent while it is open; once for each caller, act and reason, and MOST in all."""
    if refusal.code not in TELLING or refusal.history_stands:
        return
    said = {"tried": tried, "code": refusal.code, "key": str(principal.key.line) if principal.key else None}
    note_attempt(intent_id, principal.actor, said)


def note_attempt(intent_id: uuid.UUID, actor: str, said: dict[str, Any]) -> None:
    """The same by whoever has no key here: `said` names what was tried and the code of the refusal."""
    if _is_enough(intent_id, actor, said):
        return
    with locked_intent(intent_id) as locked:
        if not is_final(locked.intent.status) and not _is_enough(intent_id, actor, said):
            locked.record(REFUSED, actor, said)


def keep_attempt_on(principal: Principal, intents: QuerySet[Intent], tried: str, refusal: DomainError) -> None:
    """The same for whoever was refused before anything was read: on those of the intents that are of its workspace."""
    if refusal.code in TELLING:
        for pk in intents.filter(workspace_id=principal.workspace_id).values_list("pk", flat=True):
            keep_attempt(principal, pk, tried, refusal)


def _is_enough(intent_id: uuid.UUID, actor: str, said: dict[str, Any]) -> bool:
    rows = list(Event.objects.filter(intent=intent_id, event_type=REFUSED).select_related("text")[:MOST])
    return len(rows) == MOST or any(row.actor == actor and details_of(row) == said for row in rows)
