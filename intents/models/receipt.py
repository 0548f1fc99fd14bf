"""Receipts for what was approved, and their use. The database refuses changes of both, as it does for events."""

from __future__ import annotations

from django.db import models

from intents.ids import new_id
from intents.models.intent import Intent, Step
from intents.models.workspace import ApiKey


class Receipt(models.Model):
    """A signed statement of what was approved; its id is the token's `jti`.

    With a step it went with that step's work, to `executor` alone. Without one it is for whoever acts after the end.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    intent = models.ForeignKey(Intent, on_delete=models.CASCADE, related_name="receipts")
    step = models.ForeignKey(Step, on_delete=models.CASCADE, null=True, related_name="receipts")
    executor = models.CharField(max_length=255, blank=True)
    token = models.TextField()
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    redemption: Redemption

    class Meta:
        ordering = ["issued_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["intent"], condition=models.Q(step=None), name="one_receipt_at_the_end")
        ]

    def __str__(self) -> str:
        return f"receipt {self.pk}"

    @property
    def used(self) -> Redemption | None:
        """Its one use, if it was used."""
        return getattr(self, "redemption", None)


class Redemption(models.Model):
    """The one use of a receipt: when, and by which key."""

    receipt = models.OneToOneField(Receipt, on_delete=models.CASCADE, primary_key=True, related_name="redemption")
    key = models.ForeignKey(ApiKey, on_delete=models.PROTECT, related_name="redemptions")
    by = models.CharField(max_length=255, help_text="The agent's address, or the name of the key's account.")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"used by {self.by}"
