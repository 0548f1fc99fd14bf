"""Holding an intent's own row and texts against its history: what is shown and handed out must be what was recorded.

The chain covers the events. Whoever owns the database could leave those alone, and change what everybody reads.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from intents.clock import iso
from intents.digest import canonical, digest_of_bytes
from intents.lifecycle import is_final
from intents.masking import shown_digest
from intents.models import Event, Intent, IntentTexts, WorkspaceEntry
from intents.purged import PURGED

PAYLOAD_EVENTS = ("intent.amended", "intent.payload_edited")
MINUTE = timedelta(minutes=1)
PAGE = 100

OTHER_STATUS = "the intent's row has another status"
OTHER_PAYLOAD = "the intent's payload is not the one whose digest it holds"
OTHER_RESULT = "the intent's result is not the one that it tells"
OTHER_VOTES = "it counts an answer that was never recorded"
NO_TEXTS = "the intent's texts are missing"
NO_PURGE = "the intent's texts are marked as purged, and no purge in the workspace's chain accounts for that"


def row_fault(first: Event, last: Event) -> tuple[int, str] | None:
    """The event that the intent's row or texts contradict, and how; None also if the intent went on meanwhile."""
    row = Intent.objects.filter(pk=last.intent_id).values_list("last_seq", "status").first()
    if row is None or row[0] != last.seq:
        return None
    if row[1] != last.status and (is_final(row[1]) or is_final(last.status)):
        return last.seq, OTHER_STATUS
    texts = IntentTexts.objects.filter(pk=last.intent_id).first()
    if texts is None:  # or archived since
        return (last.seq, NO_TEXTS) if Intent.objects.filter(pk=last.intent_id).exists() else None
    if texts.purged_at is not None:
        return None if was_purged(last.intent) else (first.seq, NO_PURGE)
    if not _is_payload(texts, _that_gave_the_payload(first)):
        return first.seq, OTHER_PAYLOAD
    if not _is_result(texts, last):
        return last.seq, OTHER_RESULT
    return None if _are_votes(last) else (last.seq, OTHER_VOTES)


def _that_gave_the_payload(first: Event) -> Event:
    """The last event that says what the payload is: the intent's beginning, or a change of it since."""
    rows = Event.objects.filter(intent=first.intent_id, event_type__in=PAYLOAD_EVENTS).select_related("text")
    return rows.order_by("seq").last() or first


def _is_payload(texts: IntentTexts, giving: Event) -> bool:
    said = _details(giving).get("payload_digest")  # events from before it was noted have none
    if texts.payload_digest != digest_of_bytes(texts.payload.encode()):
        return said is None
    return said in (None, texts.payload_digest, shown_digest(texts))


def _is_result(texts: IntentTexts, last: Event) -> bool:
    if not is_final(last.status):
        return not texts.result
    kept = json.loads(texts.result or "{}")
    kept.pop("at", None)
    return not hasattr(last, "text") or bool(kept == _details(last))


def _are_votes(last: Event) -> bool:
    """Each answer that the end tells of has an event of its own. The server signs what stands in the rows, and a row
    may be put there behind its back. By moment and not by name, as people may be renamed.
    """
    if not is_final(last.status):
        return True
    told = _details(last).get("gates")
    votes: Counter[object] = Counter()
    for gate in told if isinstance(told, list) else []:
        votes.update((gate["gate_id"], vote["outcome"], vote["at"]) for vote in gate["decisions"])
    if not votes:
        return True
    return votes <= Counter(_recorded_votes(last.intent_id))


def _recorded_votes(intent_id: UUID) -> Iterator[object]:
    rows = Event.objects.filter(intent=intent_id, event_type="intent.decision_recorded").select_related("text")
    after = 0
    while page := list(rows.filter(seq__gt=after).order_by("seq")[:PAGE]):
        for row in page:
            said = _details(row)
            yield said.get("gate_id"), said.get("outcome"), iso(row.at)
        after = page[-1].seq


def _details(event: Event) -> dict[str, object]:
    if not hasattr(event, "text"):
        return {}
    details: dict[str, object] = json.loads(event.text.body)["details"]
    return details


def was_purged(intent: Intent) -> bool:
    """True if the intent and an entry of the workspace's chain say so."""
    purged_at = IntentTexts.objects.filter(intent=intent).values_list("purged_at", flat=True).first()
    if purged_at is None:
        return not Intent.objects.filter(pk=intent.pk).exists()  # archived meanwhile
    body = canonical({"intent": str(intent.pk)}).decode()
    entries = WorkspaceEntry.objects.filter(workspace=intent.workspace_id, change=PURGED)
    found = entries.filter(body=body)
    soon = found.filter(at__gte=purged_at - MINUTE, at__lte=purged_at + MINUTE)
    return soon.exists() or found.exists()  # not through all purges there ever were, as a rule
