"""What people do on an open gate besides deciding. Changed only under the intent's lock."""

from __future__ import annotations

from django.db import models

from approvals.models.gate import Gate
from approvals.models.person import Person
from intents.ids import new_id


class Question(models.Model):
    """A member's question to whoever asked, and its one answer: by the requester, or by the program that sent it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    gate = models.ForeignKey(Gate, on_delete=models.CASCADE, related_name="questions")
    asker = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="questions")
    text = models.TextField()
    via = models.CharField(max_length=16)
    asked_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_by = models.CharField(max_length=255, blank=True, help_text="As the history names them.")
    answered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["asked_at", "id"]

    def __str__(self) -> str:
        return f"question by {self.asker.email}"

    @property
    def is_open(self) -> bool:
        """True until it is answered."""
        return self.answered_at is None

    @property
    def by_program(self) -> bool:
        """True if a program answered it."""
        return bool(self.answered_by) and not self.answered_by.startswith("person:")


class Claim(models.Model):
    """Somebody says that they are looking at it, until `until` at most. It gives no right and takes none."""

    gate = models.ForeignKey(Gate, on_delete=models.CASCADE, related_name="claims")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="claims")
    at = models.DateTimeField()
    until = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"claim of {self.person.email}"
