"""Semantic schemas: what the payload of an intent type must look like, in versions that are never changed."""

from __future__ import annotations

from django.db import models

from intents.fields import JSONText
from intents.ids import new_id
from intents.models.workspace import Workspace


class Compatibility(models.TextChoices):
    """What a new version may change (services.schemas), and whether a payload that does not fit is refused."""

    STRICT = "strict"
    BACKWARD = "backward"
    WARN = "warn"


class SemanticSchema(models.Model):
    """One version of a type's schema. At most one version of a type is active; a type may have none."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="schemas")
    semantic_type = models.CharField(max_length=255)
    version = models.PositiveIntegerField()
    schema = JSONText()
    schema_hash = models.CharField(max_length=64, help_text="SHA-256 of the canonical schema.")
    schema_ref = models.CharField(max_length=255, blank=True, help_text="A name that people know it by; never fetched.")
    compatibility_mode = models.CharField(max_length=8, choices=Compatibility.choices)
    is_active = models.BooleanField(default=False)
    activated_at = models.DateTimeField(null=True)
    made_by = models.CharField(max_length=255)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "semantic_type", "version"], name="schema_version"),
            models.UniqueConstraint(fields=["workspace", "semantic_type", "schema_hash"], name="schema_once"),
            models.UniqueConstraint(
                fields=["workspace", "semantic_type"], condition=models.Q(is_active=True), name="one_active_schema"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.semantic_type}@{self.version}"
