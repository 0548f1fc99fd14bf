"""`manage.py export_history`: a workspace's events as JSON Lines or CSV. That it was exported is recorded."""

from __future__ import annotations

import tempfile
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from config.operator import operator, workspace_named
from intents.services.export import Export, events
from intents.wholefile import written_whole
from intents.wire.export import HEADS, LINES


class Command(BaseCommand):
    """Reads in pages, holds no lock, and may run beside everything else."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """What, and where to."""
        parser.add_argument("--workspace", required=True, help="org/name, e.g. acme/production")
        parser.add_argument("--format", choices=list(LINES), default="jsonl")
        parser.add_argument("--since", type=moment, help="from this moment on, e.g. 2026-03-01T00:00:00Z")
        parser.add_argument("--until", type=moment, help="before this moment")
        parser.add_argument("--out", required=True, help="a new file, or - for standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        """The file appears when it is whole, and recorded; standard output begins then."""
        export = Export(workspace_named(options["workspace"]), options["format"], options["since"], options["until"])
        try:
            with self._target(options["out"]) as file:
                count, digest = write(export, file)
                export.recorded(operator(), count, digest, file=Path(options["out"]).name)
        except OSError as error:
            raise CommandError(f"{options['out']}: {error.strerror}.") from error
        self.stderr.write(f"{count} events, sha256 {digest}")

    @contextmanager
    def _target(self, out: str) -> Iterator[IO[bytes]]:
        if out != "-":
            with written_whole(Path(out)) as file:
                yield file
            return
        with tempfile.TemporaryFile() as spool:  # what is read is recorded first
            yield spool
            spool.seek(0)
            for line in spool:
                self.stdout.write(line.decode(), ending="")


def write(export: Export, file: IO[bytes]) -> tuple[int, str]:
    """How many events were written, and the SHA-256 of all of it."""
    digest, written = sha256(), -1  # the head is no event
    for line in chain([HEADS[export.form]], map(export.line, events(export))):
        digest.update(line.encode())
        file.write(line.encode())
        written += 1
    return written, digest.hexdigest()


def moment(text: str) -> datetime:
    """A moment with its zone."""
    found = parse_datetime(text)
    if found is None or found.tzinfo is None:
        raise ArgumentTypeError("write a moment with its zone, such as 2026-03-02T12:00:00Z")
    return found
