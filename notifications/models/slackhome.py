"""What Countersign shows a person in Slack besides messages about gates: their Home, and short notes of the bot."""

from __future__ import annotations

from django.db import models

from approvals.models import Person
from intents.ids import new_id
from notifications.models.slack import SlackInstallation


class SlackHome(models.Model):
    """The Home of a Slack user who has opened it. Whatever concerns its person makes it due, and counts `marks` on.

    `awaited`: they are looking at it now. `free_at`: not published anew before that.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    app_id = models.CharField(max_length=32)
    team_id = models.CharField(max_length=32)
    user_id = models.CharField(max_length=32)
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, related_name="+")
    opened_at = models.DateTimeField()
    awaited = models.BooleanField(default=True)
    marks = models.PositiveIntegerField(default=0)
    shows = models.CharField(max_length=64, blank=True, help_text="Digest of what it shows.")
    due_at = models.DateTimeField(null=True, help_text="When to look at it again.")
    free_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    attempt = models.PositiveIntegerField(default=0)
    why = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["app_id", "team_id", "user_id"], name="slack_home_once")]
        indexes = [
            models.Index(fields=["due_at"], name="slack_home_due", condition=models.Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.team_id}/{self.user_id}"


class SlackNote(models.Model):
    """What the bot answers to something typed: at most one of a `key` in a while. Due until it was said or given up."""

    key = models.CharField(max_length=160, primary_key=True)
    installation = models.ForeignKey(SlackInstallation, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16)
    user_id = models.CharField(max_length=32)
    channel = models.CharField(max_length=32)
    thread_ts = models.CharField(max_length=32, blank=True)
    gate_id = models.UUIDField(null=True)
    at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    attempt = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="slack_note_due", condition=models.Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def is_private(self) -> bool:
        """True between the bot and one person, whose conversation may not be known yet."""
        return not self.channel or self.channel.startswith("D")
