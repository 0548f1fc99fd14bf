"""`manage.py purge`: remove what was asked and answered in closed intents. The history stays and still fits."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.operator import closed_before, operator, workspace_named
from intents.errors import DomainError
from intents.models import Intent
from intents.services.purge import purge


class Command(BaseCommand):
    """One short transaction per intent. What is still open, or not told to everybody yet, is left for another time."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Which ones."""
        parser.add_argument("--workspace", required=True, help="org/name, e.g. acme/production")
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--intent", type=UUID, help="this one: its id")
        which.add_argument("--older-than", type=int, metavar="DAYS", help="all that ended more than so many days ago")

    def handle(self, *args: Any, **options: Any) -> None:
        """Says how many were purged; a second run finds nothing to do."""
        workspace = workspace_named(options["workspace"])
        if options["intent"]:
            self._one(Intent.objects.filter(workspace=workspace, pk=options["intent"]).first())
            return
        rows = Intent.objects.filter(workspace=workspace, texts__purged_at=None)
        done = sum(purge(pk, operator()) for page in closed_before(rows, options["older_than"]) for pk in page)
        self.stdout.write(f"{done} intents were purged.")

    def _one(self, intent: Intent | None) -> None:
        if intent is None:
            raise CommandError("There is no such intent in this workspace.")
        try:
            done = purge(intent.pk, operator())
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write("1 intent was purged." if done else "This intent was purged before.")
