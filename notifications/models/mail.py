"""What is kept about people's mail beside the messages themselves."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from approvals.models import Person


class LinkGeneration(models.Model):
    """Which generation of a person's links in mails is good. No row: the first, 0. Counted on, all are void."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="+")
    number = models.PositiveIntegerField(default=0)


class StoppedAddress(models.Model):
    """An address to which nothing is sent: mail to it came back for good, or its reader complained. Until lifted."""

    channel = models.CharField(max_length=16)
    address = models.CharField(max_length=255)
    why = models.CharField(max_length=500)
    stopped_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=255, blank=True)

    class Meta:
        verbose_name_plural = "stopped addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "address"], condition=Q(lifted_at__isnull=True), name="address_stopped_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.channel} to {self.address}"
