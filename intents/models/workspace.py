"""Workspaces, the agents that work in them, and the keys of machines."""

from __future__ import annotations

import uuid

from django.db import models

from intents.ids import new_id


class Workspace(models.Model):
    """`org/name`: the isolation boundary. Everything belongs to one; nothing crosses."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    org = models.SlugField(max_length=63)
    name = models.SlugField(max_length=63)
    unknown_agent_is_error = models.BooleanField(
        default=False, help_text="Answer 404 when an intent names an agent that is not registered."
    )
    has_schemas = models.BooleanField(
        default=False, editable=False, help_text="True once a semantic schema was stored: before, nobody looks for one."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["org", "name"], name="workspace_address")]

    def __str__(self) -> str:
        return f"{self.org}/{self.name}"

    def agent_address(self, name: str) -> str:
        """The full address of the agent called `name` here."""
        return f"agent://{self.org}/{self.name}/{name}"

    def recorded_in(self) -> list[uuid.UUID]:
        """Its changes enter its own chain."""
        return [self.pk]


class Agent(models.Model):
    """A registered program that receives work at `agent://org/workspace/name`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="agents")
    name = models.CharField(max_length=63)
    address = models.CharField(max_length=255)
    display_name = models.CharField(max_length=255, blank=True)
    is_active = models.BooleanField(default=True)
    max_in_flight = models.PositiveSmallIntegerField(default=10)
    cursor = models.BigIntegerField(default=0, editable=False, help_text="Last stream position; even numbers only.")
    last_seen_at = models.DateTimeField(null=True, blank=True, editable=False)
    killed_at = models.DateTimeField(null=True, blank=True, help_text="Stopped until it is resumed.")
    killed_by = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "address"], name="agent_address")]
        indexes = [
            models.Index(fields=["address"], name="agent_killed", condition=models.Q(killed_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.address


class ServiceAccount(models.Model):
    """The owner of keys that belong to a program, and the people who answer for it (opaque ids)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="service_accounts")
    name = models.CharField(max_length=255)
    owners = models.JSONField(default=list, blank=True)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, null=True, blank=True)
    made_by = models.ForeignKey(
        "self", on_delete=models.RESTRICT, null=True, blank=True, help_text="The account whose key made this one."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="service_account_name")]

    def __str__(self) -> str:
        return self.name


class ApiKey(models.Model):
    """A machine's credential. Only its SHA-256 is stored; the secret is shown once, when it is made.

    Scopes: `send` (own intents, of the listed types to the listed targets), `work` (one agent), `provision`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="keys")
    service_account = models.ForeignKey(ServiceAccount, on_delete=models.CASCADE, related_name="keys")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, null=True, blank=True, related_name="keys")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=16, editable=False)
    scopes = models.JSONField(default=list)
    types = models.JSONField(default=list, blank=True, help_text="Patterns of the intent types that it may send.")
    targets = models.JSONField(default=list, blank=True, help_text="Patterns of the addresses that it may send to.")
    owners = models.JSONField(default=list, blank=True)
    made_by = models.ForeignKey(
        "self", on_delete=models.RESTRICT, null=True, blank=True, related_name="made", help_text="Empty: a person did."
    )
    replaces = models.ForeignKey("self", on_delete=models.RESTRICT, null=True, blank=True, related_name="replaced_by")
    first = models.ForeignKey(
        "self",
        on_delete=models.RESTRICT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        help_text="Where rotation began.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="Exact to the hour.")

    recorded_as = "key"

    def __str__(self) -> str:
        return f"{self.service_account.name} ({self.hint}…)"

    @property
    def line(self) -> uuid.UUID:
        """The same for a key and all that replaced it: to whom its intents and idempotency keys belong."""
        return self.first_id or self.pk

    @property
    def stopped_agent(self) -> Agent | None:
        """The killed agent whose key this is, by its work or by its account."""
        agents = (self.agent, self.service_account.agent)
        return next((agent for agent in agents if agent is not None and agent.killed_at is not None), None)
