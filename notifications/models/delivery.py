"""One message to one address on one channel, with its attempts and its fate."""

from __future__ import annotations

from django.db import models

from intents.ids import new_id
from intents.models import Event, Intent, Workspace

EMAIL = "email"
SLACK = "slack"
WEBHOOK = "webhook"


class DeliveryStatus(models.TextChoices):
    """QUEUED waits for `not_before`, SENDING is held by a lease; the rest is final. HELD stands in a digest."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    SUPERSEDED = "superseded"
    HELD = "held"


class Purpose(models.TextChoices):
    """Why somebody is told."""

    REQUEST = "request"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    OUTCOME = "outcome"
    CLOSED = "closed"
    WAITING = "waiting"
    NOTIFICATION = "notification"
    DIGEST = "digest"
    QUESTION = "question"
    ANSWER = "answer"
    DELEGATION = "delegation"
    EXTENSION = "extension"
    GLASS = "break_glass"
    CHANGED = "changed"
    WANTED = "wanted"
    WARNING = "warning"
    INFORM = "inform"


ASKS = (Purpose.REQUEST, Purpose.REMINDER, Purpose.ESCALATION, Purpose.DELEGATION, Purpose.WARNING)
"""The purposes that ask somebody to decide; of one gate and address only the newest is worth sending."""


class Delivery(models.Model):
    """Unique per event, channel, address and purpose, so that announcing an event twice tells nobody twice.

    Without a person it is a post, to a place where several people read it.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    intent = models.ForeignKey(Intent, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, db_index=False)
    gate_id = models.UUIDField(null=True)
    person_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=16)
    address = models.CharField(max_length=255)
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    status = models.CharField(max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    reference = models.CharField(max_length=255, blank=True, help_text="The channel's own id of the message.")
    why = models.CharField(max_length=500, blank=True)
    tries = models.JSONField(default=list, db_default=[], help_text="Each attempt: number, at, fate, why.")
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["event", "channel", "address", "purpose"], name="delivery_once")]
        indexes = [
            models.Index(
                fields=["channel", "not_before"],
                name="delivery_due",
                condition=models.Q(status__in=("queued", "sending")),
            ),
            models.Index(fields=["person_id", "created_at"], name="delivery_of_person"),
            models.Index(
                fields=["address", "created_at"],
                name="delivery_of_place",
                condition=models.Q(person_id__isnull=True),
            ),
            models.Index(fields=["reference"], name="delivery_reference", condition=~models.Q(reference="")),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} to {self.address} ({self.status})"

    @property
    def is_post(self) -> bool:
        """True if it goes to a place instead of a person: nobody counts as told by it."""
        return self.person_id is None


class ChannelAccount(models.Model):
    """The breaker of one channel account: nothing is sent through it before `blocked_until`."""

    channel = models.CharField(max_length=64, primary_key=True)
    blocked_until = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    why = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return self.channel


class KeptMail(models.Model):
    """A mail that would have been sent: what the embedded mode keeps instead of an SMTP server."""

    to = models.EmailField()
    subject = models.CharField(max_length=998)
    text = models.TextField()
    html = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["to", "-at"], name="kept_mail_of")]

    def __str__(self) -> str:
        return self.subject
