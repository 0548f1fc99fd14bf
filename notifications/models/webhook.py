"""Which programs are told of what by HTTP, what there is to tell, and how telling each of them went."""

from __future__ import annotations

from django.db import models

from intents.ids import new_id
from intents.models import Agent, Event, Inbox, Workspace
from notifications.models.delivery import DeliveryStatus


class WebhookSubscription(models.Model):
    """A URL that is told of events. Of an agent's only what that agent may read; without an owner, of all here.

    `failures` and `blocked_until` are its breaker; `failing_since` is the first failure after the last success.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="webhooks")
    owner = models.ForeignKey(Agent, on_delete=models.CASCADE, null=True, related_name="webhooks")
    callback_url = models.CharField(max_length=2048)
    event_types = models.JSONField(default=list)
    sealed_secret = models.TextField(help_text="Encrypted with a key that is made from SECRET_KEY.")
    secret_hint = models.CharField(max_length=8)
    active = models.BooleanField(default=True)
    description = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    blocked_until = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    why = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "callback_url"],
                condition=models.Q(revoked_at=None, owner__isnull=False),
                name="webhook_of_agent",
            ),
            models.UniqueConstraint(
                fields=["workspace", "callback_url"],
                condition=models.Q(revoked_at=None, owner__isnull=True),
                name="webhook_of_workspace",
            ),
        ]

    def __str__(self) -> str:
        return self.callback_url


class WebhookEvent(models.Model):
    """Something to tell. `id` is the `webhook-id` of every delivery of it, however often it is sent.

    One that follows an event of an intent keeps no words of its own: they are read from the history when it is sent.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    owner = models.ForeignKey(Agent, on_delete=models.CASCADE, null=True, related_name="+")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, null=True, related_name="+")
    thread_id = models.UUIDField(null=True, help_text="The intent (or inbox thread) in which this stands in order.")
    position = models.BigIntegerField(default=0, help_text="The place in that order.")
    event_type = models.CharField(max_length=64)
    source = models.CharField(max_length=255)
    actor = models.CharField(max_length=255)
    payload = models.TextField(blank=True, help_text="Canonical JSON; empty where the history has it.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "event_type"], name="webhook_event_once")]
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="webhook_event_newest"),
            models.Index(fields=["created_at"], name="webhook_event_age"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} {self.id}"


class WebhookDelivery(models.Model):
    """One event to one subscription. `attempt` is the fence and only grows; `tries` starts again with a replay."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subscription = models.ForeignKey(WebhookSubscription, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(WebhookEvent, on_delete=models.CASCADE, related_name="deliveries")
    thread_id = models.UUIDField(null=True)
    position = models.BigIntegerField(default=0)
    status = models.CharField(max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.QUEUED)
    attempt = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    queued_at = models.DateTimeField()
    not_before = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    reference = models.CharField(max_length=255, blank=True, help_text="What the receiver answered.")
    why = models.CharField(max_length=500, blank=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints = [models.UniqueConstraint(fields=["event", "subscription"], name="webhook_delivery_once")]
        indexes = [
            models.Index(
                fields=["subscription", "not_before"],
                name="webhook_delivery_due",
                condition=models.Q(status__in=("queued", "sending")),
            ),
            models.Index(
                fields=["subscription", "thread_id", "position"],
                name="webhook_delivery_line",
                condition=models.Q(status__in=("queued", "sending")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} ({self.status})"


class InboxWatch(models.Model):
    """Up to where an inbox was read for webhooks."""

    inbox = models.OneToOneField(Inbox, on_delete=models.CASCADE, primary_key=True, related_name="+")
    cursor = models.BigIntegerField(default=0)
