"""`manage.py changepassword`: Django's own, and the chains of the person's workspaces say so."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import changepassword

from approvals.models import Person
from approvals.services.people import password_changed
from config.operator import operator


class Command(changepassword.Command):
    """It asks for the password, so its transaction cannot be ours: what it did is recorded right after it."""

    def handle(self, *args: Any, **options: Any) -> Any:
        """Change it, then the entries, if it did change."""
        people = Person.objects.filter(email=options["username"] or "")
        before = people.values_list("password", flat=True).first()
        said = super().handle(*args, **options)
        for person in people.exclude(password=before):
            password_changed(person, operator())
        return said
