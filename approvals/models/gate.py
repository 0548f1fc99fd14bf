"""Gates, who may decide on them, and what they decided. Changed only under the intent's lock."""

from __future__ import annotations

from django.db import models

from approvals.models.person import Person
from approvals.models.policy import Terms
from approvals.outcomes import OutcomeClass
from intents.fields import JSONText
from intents.ids import new_id
from intents.models import Intent, Step, Workspace

CARRIED_OVER = "carried_over"
"""The reason of a gate that was settled when its intent was first tried."""


class Gate(models.Model):
    """The approval gate that a human step opened. Open until `closed_at`; then its one outcome stands for ever."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="gates")
    intent = models.ForeignKey(Intent, on_delete=models.PROTECT, related_name="gates")
    step = models.OneToOneField(Step, on_delete=models.PROTECT, related_name="gate")
    terms = models.ForeignKey(Terms, on_delete=models.PROTECT, db_index=False)
    task_type = models.CharField(max_length=64)
    title = models.CharField(max_length=255)
    source = models.CharField(max_length=255)
    digest = models.CharField(max_length=71, help_text="Of everything that is shown; bound to each decision.")
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    changed_at = models.DateTimeField(
        null=True, help_text="When the payload changed last while people were being asked, if it did."
    )
    digest_required = models.BooleanField(
        default=False, help_text="The payload is not the one that was sent: an answer must name what it was shown."
    )
    carried_from = models.UUIDField(null=True, help_text="The gate of an earlier try whose yes counts here.")
    held_at = models.DateTimeField(null=True, help_text="Since when it waits for its requester to change the request.")
    left_out = models.JSONField(default=list, help_text="Who may not decide here beyond the intent's own (opaque ids).")
    progress = models.JSONField(default=dict, help_text="How far the reminders and the escalation have come.")
    on_call = models.JSONField(null=True, help_text="Who was on call last, for each schedule that its terms name.")
    handover_at = models.DateTimeField(null=True, help_text="When somebody else is on call next.")
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=64, blank=True)
    outcome_class = models.CharField(max_length=4, choices=OutcomeClass.choices, blank=True)
    reason = models.CharField(max_length=20, blank=True)

    ask: GateAsk

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["intent"], condition=models.Q(closed_at__isnull=True), name="one_open_gate"
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True, outcome="")
                | (models.Q(closed_at__isnull=False) & ~models.Q(outcome="")),
                name="closed_gate_has_outcome",
            ),
        ]
        indexes = [
            models.Index(
                fields=["workspace", "expires_at"], name="gate_open", condition=models.Q(closed_at__isnull=True)
            ),
            models.Index(
                fields=["workspace", "closed_at"], name="gate_closed", condition=models.Q(closed_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """True until the gate has its outcome."""
        return self.closed_at is None

    @property
    def was_changed(self) -> bool:
        """True if the payload changed while people were being asked."""
        return self.changed_at is not None

    @property
    def by_people(self) -> bool:
        """True if people's answers gave it its outcome, or one person's who broke the glass."""
        return self.reason in ("decided", "break_glass")


class GateAsk(models.Model):
    """What is asked: texts, outcomes with their classes, form, earlier results. Written once, beside the gate."""

    gate = models.OneToOneField(Gate, on_delete=models.CASCADE, primary_key=True, related_name="ask")
    description = models.TextField(blank=True)
    outcomes = JSONText(help_text='Name to class, in order: [["approved", "yes"], ...].')
    instructions = models.TextField(blank=True, help_text="The policy's words to whoever decides.")
    quotes_payload = models.BooleanField(default=False, help_text="Whether the policy's words quote the payload.")
    form_schema = JSONText(null=True)
    comment_required = models.BooleanField(default=False)
    comment_on = JSONText(default=list, help_text="Outcomes that need a comment where not all do.")
    evidence_required = models.BooleanField(default=False)
    earlier = JSONText(default=list, help_text="Results of earlier steps, as shown.")


class Gone(models.TextChoices):
    """Why somebody with a seat is not waited for, whatever the channels say."""

    AWAY = "away"
    LEFT = "left"


class Seat(models.Model):
    """A person who may decide, for one line of the requirement. `told_at`: the first message that was sent.

    `asked_at`: the first one since the current step of the chain began. `unreachable`: every channel has given them up.
    `gone`: they are away with nobody instead, or may not decide any more; each cause ends by itself. `off_call`: they
    were on call, and may still decide, but somebody else is asked now.
    """

    gate = models.ForeignKey(Gate, on_delete=models.CASCADE, related_name="seats", db_index=False)
    line = models.PositiveSmallIntegerField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="seats")
    told_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    unreachable = models.BooleanField(default=False)
    gone = models.CharField(max_length=4, choices=Gone.choices, default="", db_default="")
    off_call = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["gate", "line", "person"], name="seat_once")]


class Decision(models.Model):
    """One person's recorded answer on a gate, and what was shown to them when they gave it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, related_name="decisions")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=64)
    outcome_class = models.CharField(max_length=4, choices=OutcomeClass.choices)
    digest = models.CharField(max_length=71)
    via = models.CharField(max_length=16)
    strength = models.CharField(max_length=16)
    full_view = models.BooleanField(
        null=True, help_text="Whether the view showed everything. Empty: a program's own, of which nothing is known."
    )
    at = models.DateTimeField()
    taken_back_at = models.DateTimeField(null=True)
    stood_in_for = models.TextField(
        blank=True, default="", db_default="", help_text="Addresses of those who had delegated to this person."
    )
    void_why = models.CharField(max_length=8, blank=True, help_text="amended or edited: what took the answer back.")

    text: DecisionText

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gate", "person"], condition=models.Q(taken_back_at__isnull=True), name="one_vote_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.outcome} by {self.person.email}"


class DecisionText(models.Model):
    """The words and fields of a decision, apart so that they can be purged."""

    decision = models.OneToOneField(Decision, on_delete=models.CASCADE, primary_key=True, related_name="text")
    comment = models.TextField(blank=True)
    fields = JSONText(default=dict)
    evidence = JSONText(default=list)
