"""`manage.py export_rules`: settings, teams, schedules, chains and policies of a workspace as YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from approvals.configfile.writing import write
from approvals.services.configexport import document_of
from config.operator import workspace_named


class Command(BaseCommand):
    """The same rules always make the same file."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Which workspace, and where to."""
        parser.add_argument("workspace", help="org/name, e.g. acme/production")
        parser.add_argument("file", nargs="?", help="printed if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write or print it."""
        text = write(document_of(workspace_named(options["workspace"])))
        if not options["file"]:
            self.stdout.write(text, ending="")
            return
        try:
            Path(options["file"]).write_text(text)
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be written: {error.strerror}.") from error
