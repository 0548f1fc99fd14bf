"""What is kept about people's mail beside the messages themselves."""

from __future__ import annotations

from django.db import models

from approvals.models import Person


class LinkGeneration(models.Model):
    """Which generation of a person's links in mails is good. No row: the first, 0. Counted on, all are void."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, primary_key=True, related_name="+")
    number = models.PositiveIntegerField(default=0)
