"""On-call schedules, versioned like policies, and the overrides of single stretches of time."""

from __future__ import annotations

from typing import Any

from django.db import models

from approvals.models.person import Person
from intents.ids import new_id
from intents.models import Workspace


class Schedule(models.Model):
    """Who is on call when. What it says is in its newest `ScheduleVersion`; requirements name it `schedule:name`.

    `unsettled_since`: it changed, and open gates that wait for whoever is on call have not all heard of it yet.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="schedules")
    name = models.SlugField(max_length=63)
    version = models.PositiveIntegerField(default=0, editable=False)
    unsettled_since = models.DateTimeField(null=True, editable=False, db_index=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="schedule_name")]

    def __str__(self) -> str:
        return f"schedule:{self.name}"

    def recorded_facts(self) -> dict[str, Any]:
        """What it says is part of what is recorded of it."""
        newest = self.versions.filter(number=self.version).first()
        return {"version": self.version, "body": newest.body if newest else None}


class ScheduleVersion(models.Model):
    """What a schedule said from one moment on. Written once; `body` has the shape of `approvals.schedulerules`."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    body = models.JSONField()
    author = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["schedule", "number"], name="schedule_version_number")]

    def __str__(self) -> str:
        return f"{self.schedule.name}@{self.number}"


class Override(models.Model):
    """This person is on call instead, whoever's turn it is. Where several overlap, the one made last counts."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="overrides")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="overrides")
    starts_at = models.DateTimeField(help_text="From this moment on (UTC).")
    ends_at = models.DateTimeField(help_text="Up to this moment (UTC).")
    author = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["schedule", "ends_at"], name="override_current")]
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="override_has_time")
        ]

    def __str__(self) -> str:
        return f"{self.person.email} on {self.schedule} from {self.starts_at:%Y-%m-%d %H:%M} UTC"

    def recorded_in(self) -> list[Any]:
        """The workspace of its schedule."""
        return [self.schedule.workspace_id]
