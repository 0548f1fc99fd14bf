"""`manage.py backup`: a copy of the SQLite database, whole and of one moment, while everything goes on."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from intents.wholefile import named_when_whole

POSTGRESQL = 'PostgreSQL has its own: pg_dump --format=custom --file=countersign.dump "$DATABASE_URL"'


class Command(BaseCommand):
    """By SQLite's backup API. The copy is checked before it gets its name. The secrets are not in it."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to."""
        parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="a new file")

    def handle(self, *args: Any, **options: Any) -> None:
        """Writers do not wait: in WAL mode a reader holds nobody up."""
        if connection.vendor != "sqlite":
            raise CommandError(POSTGRESQL)
        try:
            with named_when_whole(options["out"]) as part:
                copy_to(part)
        except OSError as error:
            raise CommandError(f"{options['out']}: {error.strerror}.") from error
        self.stdout.write(f"{options['out']}: whole. Keep RECORD_KEY and SECRET_KEY too, but elsewhere.")


def copy_to(path: Path) -> None:
    """All pages in one step, so that they are of one moment; then the copy is read once for its soundness."""
    connection.ensure_connection()
    with closing(sqlite3.connect(path)) as copy:
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
        if (said := copy.execute("PRAGMA quick_check").fetchone()[0]) != "ok":
            raise CommandError(f"The copy is not sound: {said}")
