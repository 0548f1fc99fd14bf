"""An intent, its texts, and its steps. The intent row is the one lock of everything below it (services.lock)."""

from __future__ import annotations

from django.db import models

from intents.fields import JSONText
from intents.ids import new_id
from intents.lifecycle import FINAL, OPEN_STEP, Status, StepStatus, WaitingReason
from intents.models.workspace import ApiKey, Workspace
from intents.updates import update


class Intent(models.Model):
    """One durable request. Changed only inside `locked_intent`; `wake_at` is NULL exactly when it is final."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="intents", db_index=False)
    sender = models.ForeignKey(ApiKey, on_delete=models.PROTECT, related_name="intents", db_index=False)
    intent_type = models.CharField(max_length=255)
    to_agent = models.CharField(max_length=383)
    correlation_id = models.CharField(max_length=64, blank=True)
    requester = models.CharField(max_length=64, blank=True, help_text="The person on whose behalf (an opaque id).")
    excluded = models.JSONField(default=list, help_text="People who may not decide on it (opaque ids).")
    retry_of = models.UUIDField(null=True, unique=True, help_text="The failed intent that this one takes up again.")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.CREATED)
    waiting_reason = models.CharField(max_length=20, choices=WaitingReason.choices, blank=True)
    pending_with = models.JSONField(null=True)
    policy_generation = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    wake_at = models.DateTimeField(null=True)
    due_since = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    last_seq = models.PositiveIntegerField(default=0)
    last_hash = models.CharField(max_length=64, blank=True)
    last_at = models.DateTimeField(null=True)

    texts: IntentTexts

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(wake_at__isnull=True, status__in=FINAL)
                | (models.Q(wake_at__isnull=False) & ~models.Q(status__in=FINAL)),
                name="open_intent_wakes",
            )
        ]
        indexes = [
            models.Index(fields=["wake_at"], name="intent_due", condition=models.Q(wake_at__isnull=False)),
            models.Index(fields=["due_since"], name="intent_failing", condition=models.Q(due_since__isnull=False)),
            models.Index(fields=["workspace", "-created_at"], name="intent_newest"),
            models.Index(fields=["sender", "-created_at"], name="intent_of_sender"),
            models.Index(
                fields=["sender"], name="intent_at_gate", condition=models.Q(waiting_reason=WaitingReason.HUMAN)
            ),
            models.Index(
                fields=["requester"],
                name="intent_asked_by",
                condition=models.Q(wake_at__isnull=False) & ~models.Q(requester=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.intent_type} {self.id}"


class IntentTexts(models.Model):
    """What the sender wrote and what was planned: written once, kept apart so that clock updates stay small.

    Only `controls` and `policy` in `request` change later (services.patching), and a purge leaves words in place of
    all of it (services.purge); both under the intent's lock.
    """

    intent = models.OneToOneField(Intent, on_delete=models.CASCADE, primary_key=True, related_name="texts")
    payload = models.TextField(help_text="RFC 8785 canonical JSON.")
    payload_digest = models.CharField(max_length=71)
    request = JSONText(default=dict, help_text="The other fields of the request, as accepted.")
    secret = models.JSONField(default=list, help_text="Paths into the payload that nobody is shown.")
    plan = JSONText(default=dict, help_text="Steps with their sources, and why policies matched or not.")
    warnings = models.JSONField(default=list)
    result = models.TextField(blank=True, help_text="The terminal details (canonical JSON) once the intent is final.")
    purged_at = models.DateTimeField(null=True, editable=False, help_text="Since when only digests are left.")


class Step(models.Model):
    """One stop on an intent's way. `id` is its public handle; the first agent step's is the intent's own id."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    intent = models.ForeignKey(Intent, on_delete=models.CASCADE, related_name="steps", db_index=False)
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)
    source = models.CharField(max_length=255)
    spec = JSONText(default=dict)
    status = models.CharField(max_length=10, choices=StepStatus.choices, default=StepStatus.PENDING)
    agent_address = models.CharField(max_length=255, blank=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    cursor = models.BigIntegerField(null=True)
    lease_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    first_handed_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)
    wake_at = models.DateTimeField(null=True, help_text="The kind's next moment; the intent's own is derived from it.")
    told_waiting = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True)

    PROGRESS = (
        "status",
        "attempt",
        "cursor",
        "lease_until",
        "started_at",
        "first_handed_at",
        "deadline_at",
        "wake_at",
        "told_waiting",
        "ended_at",
    )

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["intent", "position"], name="step_position"),
            models.UniqueConstraint(fields=["intent", "name"], name="step_name"),
            models.UniqueConstraint(
                fields=["intent"], condition=models.Q(status__in=OPEN_STEP), name="one_current_step"
            ),
        ]
        indexes = [
            models.Index(fields=["agent_address", "started_at"], name="step_ready", condition=models.Q(status="ready")),
            models.Index(fields=["agent_address"], name="step_held", condition=models.Q(status="current")),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.name}"

    def keep(self) -> None:
        """Write how far it has come. A new step is written whole, once, when its intent is (services.lock)."""
        if not self._state.adding:
            update(self, *self.PROGRESS)


class StepResult(models.Model):
    """What the first result for a step said. Written once."""

    step = models.OneToOneField(Step, on_delete=models.CASCADE, primary_key=True, related_name="result_row")
    result = models.TextField(help_text="Canonical JSON.")
    actor = models.CharField(max_length=255)
    at = models.DateTimeField()
