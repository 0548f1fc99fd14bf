"""Slack: the app of each workspace, whose Slack account is whose, and which messages stand where."""

from __future__ import annotations

import uuid

from django.db import models

from approvals.models import Person
from intents.ids import new_id
from intents.models import Intent, Workspace
from notifications.models.delivery import Delivery


class SlackInstallation(models.Model):
    """The Slack app through which a workspace speaks. `fault` is what Slack said last, as long as nothing works."""

    workspace = models.OneToOneField(Workspace, on_delete=models.CASCADE, related_name="slack")
    team_id = models.CharField(max_length=32)
    team_name = models.CharField(max_length=255)
    app_id = models.CharField(max_length=32)
    bot_user_id = models.CharField(max_length=32)
    secrets_at = models.DateTimeField(help_text="When its tokens and its secret were set.")
    sealed_bot_token = models.TextField(editable=False)
    sealed_signing_secret = models.TextField(editable=False)
    sealed_app_token = models.TextField(editable=False, blank=True)
    fault = models.CharField(max_length=500, blank=True, editable=False)
    fault_at = models.DateTimeField(null=True, editable=False)
    socket_fault = models.CharField(max_length=500, blank=True, editable=False, help_text="Why Socket Mode is deaf.")
    heard_at = models.DateTimeField(null=True, editable=False, help_text="When Slack called, within an hour.")
    listened_at = models.DateTimeField(null=True, editable=False, help_text="When it was last seen connected.")
    updates_after = models.DateTimeField(null=True, editable=False, help_text="No message is rewritten before that.")

    def __str__(self) -> str:
        return f"{self.team_name} ({self.team_id})"

    @property
    def takes_presses(self) -> bool:
        """True if presses reach us also where Slack cannot call us."""
        return bool(self.sealed_app_token) and not self.socket_fault

    @property
    def account(self) -> str:
        """The name of its breaker (ChannelAccount)."""
        return f"slack:{self.team_id}"


class SlackRoom(models.Model):
    """A channel of Slack to which requests are posted. Policies call it by `name`, whatever Slack calls it later.

    What Slack said of it last: `is_shared` with other organisations, and why nothing can be posted (`fault`).
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    team_id = models.CharField(max_length=32)
    channel_id = models.CharField(max_length=32)
    name = models.CharField(max_length=80)
    slack_name = models.CharField(max_length=80, editable=False)
    is_private = models.BooleanField(default=False, editable=False)
    is_shared = models.BooleanField(default=True, editable=False)
    fault = models.CharField(max_length=500, blank=True, editable=False)
    fault_at = models.DateTimeField(null=True, editable=False, help_text="Since when nothing can be posted.")
    looked_at = models.DateTimeField(null=True, editable=False, help_text="When Slack was asked last.")
    look_at = models.DateTimeField(editable=False, help_text="When to ask next.")

    class Meta:
        verbose_name = "slack channel"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "team_id", "channel_id"], name="slack_room_once"),
            models.UniqueConstraint(fields=["workspace", "name"], name="slack_room_named_once"),
        ]

    def __str__(self) -> str:
        return f"slack:#{self.name}"

    @property
    def address(self) -> str:
        """Where deliveries to it go."""
        return f"{self.team_id}/{self.channel_id}"


class SlackLink(models.Model):
    """This person is that Slack user, by their own doing, until `ended_at`. It works after a rest."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="slack_links")
    team_id = models.CharField(max_length=32)
    team_name = models.CharField(max_length=255)
    user_id = models.CharField(max_length=32)
    user_name = models.CharField(max_length=255)
    zone = models.CharField(max_length=64, blank=True, editable=False)
    dm_channel = models.CharField(max_length=32, blank=True, editable=False)
    linked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    announced_at = models.DateTimeField(null=True, editable=False)
    announce_after = models.DateTimeField(null=True, editable=False)
    fit_at = models.DateTimeField(null=True, editable=False, help_text="When Slack last said that it is no guest.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team_id", "user_id"], condition=models.Q(ended_at=None), name="slack_user_once"
            ),
            models.UniqueConstraint(
                fields=["person", "team_id"], condition=models.Q(ended_at=None), name="slack_person_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person.email} is {self.user_name} in {self.team_name}"

    @property
    def address(self) -> str:
        """Where deliveries to them go."""
        return f"{self.team_id}/{self.user_id}"

    def recorded_in(self) -> set[uuid.UUID]:
        """It concerns whatever concerns its person."""
        return self.person.recorded_in()


class SlackCode(models.Model):
    """A code that its person sends to the bot from the Slack account that is theirs. Good once, for ten minutes.

    Who sent it stands in `team_id` and `user_id`; what Slack says of them is looked up later (`looked_up_at`).
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    installation = models.ForeignKey(SlackInstallation, on_delete=models.CASCADE, null=True, related_name="+")
    team_id = models.CharField(max_length=32, blank=True)
    user_id = models.CharField(max_length=32, blank=True)
    user_name = models.CharField(max_length=255, blank=True)
    zone = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(null=True)
    look_up_after = models.DateTimeField(null=True)
    looked_up_at = models.DateTimeField(null=True)
    refusal = models.CharField(max_length=255, blank=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["look_up_after"],
                name="slack_code_sent",
                condition=models.Q(look_up_after__isnull=False, looked_up_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"code of {self.person.email}"


class SlackMessage(models.Model):
    """One message as it stands in Slack. Whatever happens to its intent makes it due, and counts `marks` on.

    `shown_seq`: the last event that it shows. `look_again_at`: when to search for a copy that nobody knows of.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    intent = models.ForeignKey(Intent, on_delete=models.CASCADE, related_name="+")
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="slack_messages")
    gate_id = models.UUIDField(null=True)
    team_id = models.CharField(max_length=32)
    channel = models.CharField(max_length=32)
    ts = models.CharField(max_length=32)
    thread_ts = models.CharField(max_length=32, blank=True)
    posted_at = models.DateTimeField()
    marks = models.PositiveIntegerField(default=0)
    shown_seq = models.PositiveIntegerField(default=0)
    shows = models.CharField(max_length=64, blank=True, help_text="Digest of what it shows.")
    due_at = models.DateTimeField(null=True, help_text="When to rewrite it; empty while it is true.")
    lease_until = models.DateTimeField(null=True)
    attempt = models.PositiveIntegerField(default=0)
    look_again_at = models.DateTimeField(null=True)
    gone = models.BooleanField(default=False, help_text="Somebody has deleted it in Slack.")
    is_nudge = models.BooleanField(default=False, help_text="What was said to somebody who typed under the card.")
    why = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team_id", "channel", "ts"], name="slack_message_once")]
        indexes = [
            models.Index(fields=["due_at"], name="slack_message_due", condition=models.Q(due_at__isnull=False)),
            models.Index(
                fields=["look_again_at"], name="slack_message_again", condition=models.Q(look_again_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel}/{self.ts}"


class SlackLane(models.Model):
    """The pace of one channel or person in Slack: no message before `free_at`."""

    address = models.CharField(max_length=80, primary_key=True)
    free_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.address


class SlackPress(models.Model):
    """A press in Slack that was handled: the same one again does nothing. Kept for as long as its signature is good."""

    digest = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest
