"""Payloads that an intent had before: kept for what changed and why, until they are purged."""

from __future__ import annotations

from django.db import models

from intents.models.intent import Intent


class Change(models.TextChoices):
    """By whom a payload is changed: whoever sent it, or somebody who decides on it."""

    AMENDED = "amended"
    EDITED = "edited"


class FormerPayload(models.Model):
    """A payload, and what put an end to it. Written once."""

    intent = models.ForeignKey(Intent, on_delete=models.CASCADE, related_name="former_payloads")
    number = models.PositiveSmallIntegerField()
    payload = models.TextField(help_text="RFC 8785 canonical JSON.")
    payload_digest = models.CharField(max_length=71)
    change = models.CharField(max_length=8, choices=Change.choices)
    actor = models.CharField(max_length=255)
    reason = models.TextField()
    at = models.DateTimeField(help_text="When another took its place.")

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["intent", "number"], name="former_payload_number")]

    def __str__(self) -> str:
        return f"payload {self.number} of {self.intent_id}"
