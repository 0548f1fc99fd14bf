"""`manage.py archive`: move closed intents, chain included, out of the database into files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.operator import closed_before, operator, workspace_named
from intents.errors import Busy
from intents.models import Intent
from intents.services.archive import MOST, Moved, archive

AT_ONCE = 200


class Command(BaseCommand):
    """A file is on the disk before anything is deleted; each is one short transaction. Run it again after a crash."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """What, and where to."""
        parser.add_argument("--workspace", required=True, help="org/name, e.g. acme/production")
        parser.add_argument("--older-than", type=int, required=True, metavar="DAYS", help="since they ended")
        parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder that is there")
        parser.add_argument("--at-once", type=int, default=AT_ONCE, metavar="INTENTS", help=f"per file; at most {MOST}")
        parser.add_argument("--dry-run", action="store_true", help="only say how many there are")

    def handle(self, *args: Any, **options: Any) -> None:
        """Names each file as it is done."""
        workspace, folder = workspace_named(options["workspace"]), options["out"]
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        if not 1 <= options["at_once"] <= MOST:
            raise CommandError(f"--at-once is from 1 to {MOST}.")
        done = left = 0
        rows = Intent.objects.filter(workspace=workspace)
        for page in closed_before(rows, options["older_than"], options["at_once"]):
            try:
                if not options["dry_run"]:
                    self.stdout.write(str(archive(workspace, page, folder, operator())))
                done += len(page)
            except (Moved, Busy):
                left += len(page)
            except OSError as error:
                raise CommandError(f"{folder}: {error.strerror}. {done} intents were archived before.") from error
        verb = "would be" if options["dry_run"] else "were"
        self.stdout.write(f"{done} intents {verb} archived." + (f" {left} changed meanwhile: run again." * bool(left)))
