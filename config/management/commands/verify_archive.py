"""`manage.py verify_archive`: read an archive file again, and name the first place that is not as it was written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from intents.services.verify_archive import ArchiveMisfit, check_archive


class Command(BaseCommand):
    """Checks every chain in it with the key, and the file itself against the workspace's chain. Changes nothing."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Which file."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Says how much was checked when all of it fits; exit code 1 otherwise."""
        if not options["file"].is_file():
            raise CommandError(f"There is no file {options['file']}.")
        try:
            checked = check_archive(options["file"])
        except ArchiveMisfit as misfit:
            raise CommandError(f"The archive does not fit: {options['file'].name} {misfit}") from misfit
        self.stdout.write(f"The archive fits: {checked.intents} intents, {checked.events} events checked.")
