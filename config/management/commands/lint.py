"""`manage.py lint`: what is odd about a workspace's policies. Nothing is changed."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from approvals.services.linting import lint_workspace
from config.operator import workspace_named


class Command(BaseCommand):
    """One line for each finding; ends with 1 if there is any."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Which workspace."""
        parser.add_argument("workspace", help="org/name, e.g. acme/production")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the findings."""
        found = lint_workspace(workspace_named(options["workspace"]))
        for finding in found:
            self.stdout.write(str(finding))
        if found:
            sys.exit(1)
        self.stdout.write("Nothing odd was found.")
