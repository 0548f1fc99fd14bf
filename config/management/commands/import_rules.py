"""`manage.py import_rules`: make a workspace's rules those of a YAML file; all of it or, with any fault, nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from approvals.services.configimport import bring_in
from config.operator import operator, workspace_named


class Command(BaseCommand):
    """Prints what changes; the workspace's record names the operator who did it."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Which workspace, which file, and whether to do it."""
        parser.add_argument("workspace", help="org/name, e.g. acme/production")
        parser.add_argument("file", help="as export_rules writes it")
        parser.add_argument("--dry-run", action="store_true", help="only print what would change")

    def handle(self, *args: Any, **options: Any) -> None:
        """Exit code 1 with file and line for each fault."""
        workspace, name = workspace_named(options["workspace"]), options["file"]
        try:
            text = Path(name).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{name} cannot be read: {error}.") from error
        brought = bring_in(workspace, text, author=None, actor=operator(), dry_run=options["dry_run"])
        if brought.faults:
            raise CommandError("\n".join(f"{name}:{fault.line}: {fault.message}" for fault in brought.faults))
        self.stdout.write(brought.difference or "Nothing changes.", ending="" if brought.difference else "\n")
        if brought.difference:
            self.stdout.write("Nothing was changed." if options["dry_run"] else f"{workspace} now says this.")
