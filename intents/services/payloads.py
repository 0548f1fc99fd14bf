"""Another payload in place of the one that an intent had, under its lock. The old one is kept beside it."""

from __future__ import annotations

import json
from typing import Any

from intents.differences import Patch, patch_between
from intents.digest import canonical, digest_of_bytes
from intents.errors import Conflict
from intents.masking import masked, shown_payload
from intents.models import FormerPayload, Intent
from intents.services.lock import Locked

CHANGED = "payload_changed"
MOST_CHANGES = 50
LARGEST_PATCH = 32 * 1024


def replace_payload(locked: Locked, payload: dict[str, Any], *, change: str, actor: str, reason: str) -> Patch:
    """Put `payload` in place and return what changed that is not secret. Conflict if nothing did, or too often."""
    texts, number = locked.intent.texts, locked.intent.former_payloads.count() + 1
    if number > MOST_CHANGES:
        raise Conflict(f"A payload changes at most {MOST_CHANGES} times: send a new intent.", code="too_many_changes")
    body = canonical(payload)
    before = json.loads(texts.payload)
    if not patch_between(before, payload):
        raise Conflict("This is the payload that stands already.", code="payload_unchanged")
    FormerPayload.objects.create(
        intent=locked.intent,
        number=number,
        payload=texts.payload,
        payload_digest=texts.payload_digest,
        change=change,
        actor=actor[:255],
        reason=reason,
        at=locked.now,
    )
    texts.payload, texts.payload_digest = body.decode(), digest_of_bytes(body)
    texts.plan = texts.plan | {CHANGED: True}
    texts.save(update_fields=["payload", "payload_digest", "plan", "secret"])
    return patch_between(masked(before, texts.secret), masked(payload, texts.secret))


def has_changed(intent: Intent) -> bool:
    """True if the payload is not the one that the intent was sent with."""
    return bool(intent.texts.plan.get(CHANGED))


def told(patch: Patch) -> Patch | None:
    """The patch as an event holds it; None if it is too long for that. The page shows it in full."""
    return patch if len(canonical(patch)) <= LARGEST_PATCH else None


def edited_by_people(intent: Intent) -> Patch:
    """What people who decided changed of the payload that the sender gave last."""
    if not has_changed(intent):
        return []
    rows = list(intent.former_payloads.order_by("number"))
    sent = [at for at, row in enumerate(rows) if row.change == "amended"]
    since = rows[sent[-1] + 1 :] if sent else rows
    if not since:
        return []
    return patch_between(masked(json.loads(since[0].payload), intent.texts.secret), shown_payload(intent.texts))
