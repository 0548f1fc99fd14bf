"""The admin's rules, versioned, and the terms that gates are opened with."""

from __future__ import annotations

from typing import Any

from django.db import models

from approvals.models.person import Person
from intents.ids import new_id
from intents.models import Workspace


class Unmatched(models.TextChoices):
    """What happens to an intent that no policy matches."""

    GATE = "gate", "Ask the default approvers"
    DENY = "deny", "Deny"
    APPROVE = "approve", "Let it pass"


class ApprovalSettings(models.Model):
    """A workspace's fallback: who is asked, and whether, when no policy says so."""

    workspace = models.OneToOneField(
        Workspace, on_delete=models.CASCADE, primary_key=True, related_name="approval_settings"
    )
    unmatched = models.CharField(max_length=8, choices=Unmatched.choices, default=Unmatched.GATE)
    default_approvers = models.JSONField(default=list, help_text='People and teams, such as ["team:sre"].')
    changers_wait = models.BooleanField(
        default=True,
        db_default=True,
        help_text="Whoever changes policies, teams, rights or these settings does not decide on what is sent within 24 "
        "hours of it. Switching this off is such a change.",
    )

    class Meta:
        verbose_name_plural = "approval settings"

    def __str__(self) -> str:
        return f"approval settings of {self.workspace}"


class Policy(models.Model):
    """One rule of the workspace's ordered list. What it says is in its newest `PolicyVersion`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="policies")
    name = models.SlugField(max_length=63)
    position = models.PositiveIntegerField(help_text="Lower comes first.")
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["position", "name"]
        verbose_name_plural = "policies"
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="policy_name")]

    def __str__(self) -> str:
        return self.name

    def recorded_facts(self) -> dict[str, Any]:
        """What it says is part of what is recorded of it."""
        newest = self.versions.filter(number=self.version).first()
        return {"version": self.version, "body": newest.body if newest else None}


class PolicyVersion(models.Model):
    """What a policy said from one moment on. Written once; `body` has the shape of `approvals.rules`."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    body = models.JSONField()
    author = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["policy", "number"], name="policy_version_number")]

    def __str__(self) -> str:
        return f"{self.policy.name}@{self.number}"


class Terms(models.Model):
    """The rules that a gate is opened with, unique by content and never changed: policy edits bend no open gate."""

    digest = models.CharField(max_length=71, primary_key=True)
    body = models.JSONField()

    class Meta:
        verbose_name_plural = "terms"

    def __str__(self) -> str:
        return self.digest[:19]
