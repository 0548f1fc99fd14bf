"""Purging a closed intent: its texts go, the chain stays and still fits, since events hold digests."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection

from django.db.models import Q

from intents.digest import canonical
from intents.errors import Conflict
from intents.lifecycle import FINAL, is_final
from intents.models import EventText, FormerPayload, IdempotencyRecord, Intent, IntentTexts, Outbox, Step, StepResult
from intents.ports import keepers
from intents.purged import PURGED, outcome_left, stub, words_of
from intents.services.changes import record_change
from intents.services.durable import durable
from intents.services.idempotency import leave_words
from intents.services.inbox import purge_thread
from intents.services.lock import locked_intent

KEPT_OF_REQUEST = ("max_delivery_attempts", "scenario_id")
ENDPOINTS = ("resume", "resolve", "controls", "policy", "amend", "retry")
THREAD_ENDPOINTS = ("reply", "delegate", "approve", "reject", "messages/delete", "read")


def purge(intent_id: uuid.UUID, actor: str) -> bool:
    """Remove what anybody wrote about this closed intent, once; False if that was done before.

    NotFound without such an intent; Conflict while it is open, or while somebody is still to be told of it.
    """
    with durable():
        with locked_intent(intent_id) as locked:
            intent = locked.intent
            if intent.texts.purged_at is not None:
                return False
            if not is_final(intent.status) or settled([intent_id]) != {intent_id}:
                raise Conflict(
                    "This intent is still open, or somebody is still to be told of it.", code="intent_not_settled"
                )
            words = words_of(locked.now)
            _purge_own(intent, words)
            for keeper in keepers():
                keeper.purge(intent, words)
            IntentTexts.objects.filter(intent=intent).update(purged_at=locked.now)
        record_change(intent.workspace_id, PURGED, actor, {"intent": str(intent.pk)})
    return True


def settled(intent_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of them that are closed and about which nothing is under way any more."""
    closed = set(Intent.objects.filter(pk__in=intent_ids, status__in=FINAL).values_list("pk", flat=True))
    closed -= set(Outbox.objects.filter(intent__in=closed).values_list("intent_id", flat=True))
    for keeper in keepers():
        closed -= keeper.unsettled(closed)
    return closed


def _purge_own(intent: Intent, words: str) -> None:
    texts = intent.texts
    result = json.loads(texts.result) if texts.result else None
    texts.payload = canonical(stub(words)).decode()
    texts.request = {key: texts.request[key] for key in KEPT_OF_REQUEST if key in texts.request}
    steps = [step | {"title": words} if "title" in step else step for step in texts.plan.get("steps", [])]
    texts.plan = texts.plan | {"steps": steps}
    texts.warnings = [words] if texts.warnings else []
    texts.result = canonical(outcome_left(result, words)).decode() if result else ""
    texts.save(update_fields=["payload", "request", "plan", "warnings", "result"])
    EventText.objects.filter(event__intent=intent).delete()
    Step.objects.filter(intent=intent).update(spec=stub(words))
    StepResult.objects.filter(step__intent=intent).update(result=canonical(stub(words)).decode())
    FormerPayload.objects.filter(intent=intent).update(payload=canonical(stub(words)).decode(), reason=words)
    purge_thread(intent, words)
    _purge_answers(intent, words)


def _purge_answers(intent: Intent, words: str) -> None:
    """What was kept for repeats of the requests that made it and went on with it."""
    handles = {intent.pk, *intent.steps.values_list("pk", flat=True)}
    calls = [f"POST /v1/intents/{handle}/{name}" for handle in handles for name in ENDPOINTS]
    calls += [f"POST /v1/inbox/{intent.pk}/{name}" for name in THREAD_ENDPOINTS]
    rows = IdempotencyRecord.objects.filter(workspace_id=intent.workspace_id)
    leave_words(rows.filter(Q(endpoint__in=calls) | Q(response__intent_id=str(intent.pk))), words)
