"""`manage.py anchor`: where each workspace's chain ends, as JSON lines to be kept elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from intents.services.anchors import append, ends, line


class Command(BaseCommand):
    """Compare them later: `manage.py verify_history --anchor FILE`."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to."""
        parser.add_argument("--workspace", default="", help="only this one: org/name, e.g. acme/production")
        parser.add_argument("--out", type=Path, help="append to this file instead of printing")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line per workspace."""
        lines = [line(end) for end in ends(options["workspace"])]
        if options["out"] is None:
            self.stdout.write("".join(lines), ending="")
            return
        try:
            append(options["out"], lines)
        except OSError as error:
            raise CommandError(f"{options['out']} cannot be written: {error.strerror}.") from error
