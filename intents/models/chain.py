"""The workspace's own chain: changes of its configuration, and checkpoints that name the heads of its intents."""

from __future__ import annotations

from django.db import models

from intents.models.workspace import Workspace


class WorkspaceChain(models.Model):
    """Where a workspace's chain ends. The row that whoever adds an entry locks, last in the transaction."""

    workspace = models.OneToOneField(Workspace, on_delete=models.PROTECT, primary_key=True, related_name="chain")
    last_seq = models.PositiveBigIntegerField(default=0)
    last_hash = models.CharField(max_length=64, blank=True)
    last_at = models.DateTimeField(null=True)
    anchored_seq = models.PositiveBigIntegerField(default=0, help_text="Up to here ANCHOR_FILE has been told.")

    def __str__(self) -> str:
        return f"{self.workspace} {self.last_seq}"


class WorkspaceEntry(models.Model):
    """One entry of a workspace's chain. The database refuses changes; `hash` covers it and the entry before it."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="entries")
    seq = models.PositiveBigIntegerField()
    change = models.CharField(max_length=64, help_text="What happened, in the past tense: key.created.")
    at = models.DateTimeField()
    actor = models.CharField(max_length=255)
    body = models.TextField(help_text="RFC 8785 canonical JSON of the details. Never a secret, never a payload.")
    body_digest = models.CharField(max_length=71)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "workspace entries"
        constraints = [models.UniqueConstraint(fields=["workspace", "seq"], name="workspace_entry_seq")]
        indexes = [
            models.Index(fields=["workspace", "change", "at"], name="workspace_entry_change"),
            models.Index(
                fields=["workspace", "seq"],
                condition=~models.Q(change="history.checkpointed"),
                name="workspace_entry_changes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.change}"


class CheckpointCursor(models.Model):
    """How far checkpoints have come in the events of all workspaces. One row; whoever holds it writes them."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    through = models.BigIntegerField(default=0, help_text="Events up to this id are in a checkpoint.")
    fence = models.BigIntegerField(default=0, help_text="Events up to this id are to be, once nobody adds any below.")
    fence_xid = models.BigIntegerField(default=0, help_text="PostgreSQL: when every transaction below has ended.")
    fenced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_checkpoint_cursor")]
