"""The history: events with a keyed hash chain, their texts, and the outbox that tells others of them."""

from __future__ import annotations

import json
from typing import Any

from django.db import models

from intents.lifecycle import TERMINAL_EVENT
from intents.models.intent import Intent, IntentTexts
from intents.models.workspace import Workspace
from intents.purged import stub, words_of


class Event(models.Model):
    """One entry of an intent's history. The database refuses changes; `hash` covers it and the entry before it."""

    id = models.BigAutoField(primary_key=True)
    intent = models.ForeignKey(Intent, on_delete=models.PROTECT, related_name="events", db_index=False)
    seq = models.PositiveIntegerField()
    event_type = models.CharField(max_length=64)
    status = models.CharField(max_length=12)
    at = models.DateTimeField()
    actor = models.CharField(max_length=255)
    waiting_reason = models.CharField(max_length=20, blank=True)
    details_digest = models.CharField(max_length=71)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["intent", "seq"], name="event_seq")]

    def __str__(self) -> str:
        return f"{self.seq} {self.event_type}"

    def said(self) -> dict[str, Any]:
        """`details` and `pending_with`. Of a purged text it says so, and the last event still how the intent ended."""
        text: EventText | None = getattr(self, "text", None)
        if text is not None:
            said: dict[str, Any] = json.loads(text.body)
            return said
        purged_at, result = IntentTexts.objects.values_list("purged_at", "result").get(pk=self.intent_id)
        tells_the_end = purged_at and result and self.event_type in TERMINAL_EVENT.values()
        ending = json.loads(result) if tells_the_end else {}
        return {"details": ending | stub(words_of(purged_at)), "pending_with": None}


class EventText(models.Model):
    """The details of an event, apart from its row so that they can be purged while the chain still fits."""

    event = models.OneToOneField(Event, on_delete=models.CASCADE, primary_key=True, related_name="text")
    body = models.TextField(help_text='Canonical JSON of {"details": ..., "pending_with": ...}.')


class Outbox(models.Model):
    """An event that nobody was told of yet. Born with it, deleted when its deliveries exist."""

    event = models.OneToOneField(Event, on_delete=models.CASCADE, primary_key=True, related_name="outbox")
    intent = models.ForeignKey(Intent, on_delete=models.CASCADE)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["not_before"], name="outbox_due")]


class IdempotencyRecord(models.Model):
    """The answer that (principal, endpoint, key) got. Inserted first in the effect's own transaction."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    principal = models.CharField(max_length=80)
    endpoint = models.CharField(max_length=120)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=71)
    response = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["principal", "endpoint", "key"], name="idempotency_key")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]
