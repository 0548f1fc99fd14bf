"""Who is away and who is asked instead: for a while everywhere, or on one gate."""

from __future__ import annotations

from django.db import models

from approvals.models.gate import Gate
from approvals.models.person import Person
from intents.ids import new_id
from intents.models import Workspace


class Absence(models.Model):
    """A person is away from..to; the delegate is told instead, where they may decide themselves.

    `accepted_at`: the delegate has agreed to stand in, and is bound up with what this person asks for from then on.
    `ended_at`: it was ended early. `applied_at` and `closed_at`: open gates have heard of its beginning and its end.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="absences")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="absences")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    delegate = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="stands_in_for")
    accepted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    applied_at = models.DateTimeField(null=True, editable=False)
    closed_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="absence_has_time")
        ]
        indexes = [
            models.Index(fields=["workspace", "person", "ends_at"], name="absence_of"),
            models.Index(fields=["starts_at"], name="absence_open", condition=models.Q(closed_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.person.email} away from {self.starts_at:%Y-%m-%d %H:%M} to {self.ends_at:%Y-%m-%d %H:%M} UTC"


class Delegation(models.Model):
    """On this gate `to` is asked instead of `person`, until `ended_at`. By an absence, or by the person's own act.

    It gives no right: both may decide by a seat of their own.
    """

    gate = models.ForeignKey(Gate, on_delete=models.CASCADE, related_name="delegations")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="delegations_given")
    to = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="delegations_taken")
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    absence = models.ForeignKey(Absence, on_delete=models.PROTECT, null=True, related_name="delegations")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gate", "person"], condition=models.Q(ended_at__isnull=True), name="one_delegate_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.to.email} for {self.person.email}"
