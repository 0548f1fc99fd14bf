"""`manage.py off_board`: somebody leaves. Deactivates them and mends what names them; --dry-run only shows it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from approvals.models import Person
from approvals.services.offboarding import off_board
from config.operator import operator


class Command(BaseCommand):
    """One line for each team, schedule, policy, absence and open gate that names them."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Who, and whether really."""
        parser.add_argument("email", help="the person's e-mail address")
        parser.add_argument("--dry-run", action="store_true", help="only show what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what became of each; what is left for an admin is marked with a !."""
        person = Person.objects.filter(email=options["email"].strip().lower()).first()
        if person is None:
            raise CommandError(f"There is no {options['email']}.")
        for mend in off_board(person, actor=operator(), dry_run=options["dry_run"]):
            self.stdout.write(f"{'!' if mend.left_over else ' '} {mend.workspace}: {mend.what} {mend.does}")
        verb = "would be" if options["dry_run"] else "is"
        self.stdout.write(f"  {person.email} {verb} deactivated.")
