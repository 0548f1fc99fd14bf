"""Payload fields that a policy calls secret: nobody but the sender's keys and the agents that work see their values.

What is shown beside a masked payload must not give it away either: a plain digest would let anybody try out short
secrets, so theirs is keyed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from django.conf import settings

from intents.digest import chain_hash
from intents.models import IntentTexts

MASK = "(secret)"
PREFIX = "payload."
Steps = list[str]


def masked(payload: Any, paths: Iterable[str]) -> Any:
    """The payload with MASK in place of what stands at these paths; a list on the way means each of its entries."""
    shown = deepcopy(payload)
    for path in paths:
        _put(shown, path.removeprefix(PREFIX).split("."), None)
    return shown


def restored(payload: Any, stored: Any, paths: Iterable[str]) -> Any:
    """A payload that came back masked, with what is stored in place of each MASK that was left as it was."""
    whole = deepcopy(payload)
    for path in paths:
        _put(whole, path.removeprefix(PREFIX).split("."), stored)
    return whole


def shown_payload(texts: IntentTexts) -> Any:
    """The payload as people, messages and records see it."""
    payload = json.loads(texts.payload)
    return masked(payload, texts.secret) if texts.secret else payload


def shown_digest(texts: IntentTexts) -> str:
    """The payload's digest as it is shown."""
    return covered(texts, texts.payload_digest)


def covered(texts: IntentTexts, digest: str) -> str:
    """A digest over the payload; keyed if there is something secret in it, so that nobody can try values."""
    if not texts.secret:
        return digest
    return "sha256:" + chain_hash(settings.RECORD_KEY, "digest of a secret", str(texts.intent_id), digest)


def _put(value: Any, steps: Steps, stored: Any) -> None:
    """MASK at the end of the way; or, given what is stored, that instead of a MASK."""
    if isinstance(value, list):
        for at, each in enumerate(value):
            _put(each, steps, stored[at] if isinstance(stored, list) and at < len(stored) else None)
        return
    name, *rest = steps
    if not isinstance(value, dict) or name not in value:
        return
    inside = stored.get(name) if isinstance(stored, dict) else None
    if rest:
        _put(value[name], rest, inside)
    elif stored is None:
        value[name] = MASK
    elif value[name] == MASK and inside is not None:
        value[name] = inside
