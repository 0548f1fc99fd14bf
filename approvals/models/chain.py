"""Saved escalation chains, versioned, which policies name."""

from __future__ import annotations

from typing import Any

from django.db import models

from approvals.models.person import Person
from intents.ids import new_id
from intents.models import Workspace


class Chain(models.Model):
    """Whom to tell after whom, under a name. What it says is in its newest `ChainVersion`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="chains")
    name = models.SlugField(max_length=63)
    version = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="chain_name")]

    def __str__(self) -> str:
        return f"chain:{self.name}"

    def recorded_facts(self) -> dict[str, Any]:
        """What it says is part of what is recorded of it."""
        newest = self.versions.filter(number=self.version).first()
        return {"version": self.version, "body": newest.body if newest else None}


class ChainVersion(models.Model):
    """What a chain said from one moment on. Written once; `body` has the shape of `approvals.chains.checking`."""

    chain = models.ForeignKey(Chain, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    body = models.JSONField()
    author = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "number"], name="chain_version_number")]

    def __str__(self) -> str:
        return f"{self.chain.name}@{self.number}"
