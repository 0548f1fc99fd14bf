"""`manage.py createsuperuser`: Django's own, and the chains of all workspaces say that somebody now runs the admin."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.db import transaction

from approvals.models import Person
from config.operator import operator
from intents.services.configuration import record_differences, snapshot


class Command(createsuperuser.Command):
    """Asks for a password, so its own transaction cannot be ours: what it made is recorded right after it."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the person, then the entries."""
        before = snapshot(superusers)
        super().handle(*args, **options)
        with transaction.atomic():
            record_differences(operator(), before, snapshot(superusers))


def superusers() -> Any:
    """Who may do everything in the admin."""
    return Person.objects.filter(is_superuser=True)
