"""The inboxes of agents: threads about intents, their timelines and messages.

A thread hangs on its intent and changes only under that intent's lock; inboxes are shared rows and are locked last.
"""

from __future__ import annotations

from django.db import models

from intents.fields import JSONText
from intents.ids import new_id
from intents.models.intent import Intent
from intents.models.workspace import Workspace
from intents.timeline import Kind


class Inbox(models.Model):
    """What lies in front of one address. `cursor` counts its entries; assigned under this row's lock."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE)
    address = models.CharField(max_length=255)
    cursor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "address"], name="inbox_address")]

    def __str__(self) -> str:
        return self.address


class Thread(models.Model):
    """The answer to one intent, in the inbox of whoever has it now. Its id is the intent's."""

    intent = models.OneToOneField(Intent, on_delete=models.CASCADE, primary_key=True, related_name="thread")
    inbox = models.ForeignKey(Inbox, on_delete=models.PROTECT, related_name="threads")
    reply_to = models.CharField(max_length=255, help_text="The address that the sender named.")
    last_position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["inbox", "-updated_at"], name="thread_newest")]

    def __str__(self) -> str:
        return str(self.intent_id)


class ThreadEntry(models.Model):
    """One line of a thread's timeline; never changed, but for what a purge takes out of it (services.purge).

    It lies in the inbox that the thread was in at that moment.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="entries")
    inbox = models.ForeignKey(Inbox, on_delete=models.PROTECT)
    position = models.PositiveIntegerField()
    cursor = models.BigIntegerField(help_text="Its place in the inbox: ascending in the order of commits.")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    actor = models.CharField(max_length=255)
    at = models.DateTimeField()
    details = JSONText(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["thread", "position"], name="entry_position"),
            models.UniqueConstraint(fields=["inbox", "cursor"], name="entry_cursor"),
            models.UniqueConstraint(fields=["thread"], condition=models.Q(kind=Kind.ENDED), name="ended_once"),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.kind}"


class ThreadMessage(models.Model):
    """The text of a reply, apart from its entry so that its author can take it away."""

    entry = models.OneToOneField(ThreadEntry, on_delete=models.CASCADE, primary_key=True, related_name="message")
    author = models.CharField(max_length=320, help_text="The reader's name of whoever wrote it (intents.inboxes).")
    body = models.TextField()
    deleted_at = models.DateTimeField(null=True)


class ThreadReader(models.Model):
    """What one reader has read of a thread, and which messages they no longer want to see."""

    thread = models.ForeignKey(Thread, on_delete=models.CASCADE, related_name="readers")
    reader = models.CharField(max_length=320)
    read_to = models.PositiveIntegerField(default=0)
    hidden = models.JSONField(default=list, help_text="Ids of messages.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["thread", "reader"], name="thread_reader")]
